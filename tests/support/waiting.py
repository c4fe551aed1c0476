"""Waiting for what another process, thread or task brings about: until it is true, or the test fails."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

SOON_S = 8.0
"""For what comes about in this process: shorter than any deadline, 10 s by default, that would bring it about too."""
POLL_S = 0.02
TURN_S = 0.005
"""Between two looks of a coroutine, which sees what happens in this very process."""


def until(check: Callable[[], Found], what: str = "it did not come true", *, timeout_s: float = SOON_S) -> Found:
    """Block until ``check()`` is true, and return what it returned; AssertionError with ``what`` after timeout_s."""
    end_s = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < end_s, f"not within {timeout_s:g} s: {what}"
        time.sleep(POLL_S)
    return found


async def eventually(
    check: Callable[[], Found], what: str = "it did not come true", *, timeout_s: float = SOON_S
) -> Found:
    """The same for a coroutine: the event loop goes on meanwhile."""
    end_s = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < end_s, f"not within {timeout_s:g} s: {what}"
        await asyncio.sleep(TURN_S)
    return found
