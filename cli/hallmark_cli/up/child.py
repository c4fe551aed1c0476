"""`python -m hallmark_cli.up.child MODULE PARENT_PID`: run a service that cannot outlive its supervisor.

Linux sends the signal of PR_SET_PDEATHSIG when the parent dies, however it dies (prctl(2)). It is set here, in the
child, before the service is imported: the supervisor has threads, in which code between fork and exec is not safe.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1
ORPHANED = 70
"""Exit code of a child whose parent was gone before it started (EX_SOFTWARE)."""


def main() -> None:
    """Tie this process to its parent, then be the service."""
    module, parent_pid = sys.argv[1], int(sys.argv[2])
    _die_with_parent()
    if os.getppid() != parent_pid:
        # It died before the request above was made, so no signal will come.
        sys.exit(ORPHANED)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _die_with_parent() -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


if __name__ == "__main__":
    main()
