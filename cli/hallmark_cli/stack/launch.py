"""`python -m hallmark_cli.stack.launch PARENT_PID ACCOUNT COMMAND…`: run a part that cannot outlive its supervisor.

ACCOUNT is empty where the part runs as whoever started it. The process becomes the part, so that a signal to it is one
to the part.
"""

import os
import pwd
import sys

from hallmark_cli.up.tether import tie_to


def main() -> None:
    """Change the account, tie this process to its parent, then be the program."""
    parent_pid, account, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if account:
        become(account)
    tie_to(parent_pid)
    os.execvp(command[0], command)


def become(account: str) -> None:
    """Give up root for an account and its groups, for good; KeyError where there is none of that name."""
    entry = pwd.getpwnam(account)
    os.initgroups(account, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main()
