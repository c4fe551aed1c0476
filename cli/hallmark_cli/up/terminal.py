"""Whose Ctrl-C is it? The terminal sends SIGINT to every process of its foreground group."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def foreground() -> Iterator[None]:
    """Be the terminal's foreground process group of one, where stdin is a terminal and this process is in front.

    Under make, Ctrl-C reaches make too, which then reports an interrupted target although the drain succeeded; with
    a group of its own only this process gets the signal. The group in front before gets the terminal back at exit.
    Stopping by Ctrl-Z is off meanwhile: nobody would be there to continue a group that no shell knows.
    """
    before = _group_to_leave()
    if before is None:
        yield
        return
    os.setpgid(0, 0)
    stop = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    _give_terminal(os.getpgrp())
    try:
        yield
    finally:
        _give_terminal(before)
        signal.signal(signal.SIGTSTP, stop)


def _group_to_leave() -> int | None:
    """The process group that has the terminal, if this process is in it without leading it."""
    try:
        in_front = os.tcgetpgrp(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return in_front if in_front == os.getpgrp() != os.getpid() else None


def _give_terminal(group: int) -> None:
    # A process outside of the foreground group that sets it is stopped by SIGTTOU unless it ignores that.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(sys.stdin.fileno(), group)
    except OSError:
        # The terminal or that group is gone; then there is nobody to give it to.
        return
    finally:
        signal.signal(signal.SIGTTOU, before)
