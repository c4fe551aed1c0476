"""`python -m hallmark_cli.up.child MODULE PARENT_PID`: run a service that cannot outlive its supervisor."""

import runpy
import sys

from hallmark_cli.up.tether import tie_to


def main() -> None:
    """Tie this process to its parent, then be the service."""
    module, parent_pid = sys.argv[1], int(sys.argv[2])
    tie_to(parent_pid)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
