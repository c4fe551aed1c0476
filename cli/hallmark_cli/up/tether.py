"""A process that cannot outlive its supervisor."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
ORPHANED = 70
"""Exit code of a child whose parent was gone before it started (EX_SOFTWARE)."""


def tie_to(parent_pid: int) -> None:
    """Let Linux kill this process when its parent dies, however that dies (prctl(2)); exit where it has died already.

    The parent is the very thread that started it: one that lasts as long as the supervisor.

    It holds across exec, and until the account changes. To be called in the child: the supervisor has threads, in which
    code between fork and exec is not safe.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        # It died before the request above was made, so no signal will come.
        sys.exit(ORPHANED)
