"""The deadline of the running request, carried along its chain of calls."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float | None] = ContextVar("hallmark_deadline", default=None)


def remaining_s() -> float | None:
    """Seconds left of the running request, negative once it has expired; None without a deadline."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


@contextmanager
def within(timeout_s: float | None) -> Iterator[None]:
    """Everything inside has at most ``timeout_s`` seconds, and never more than what was left before."""
    outer = _deadline.get()
    inner = None if timeout_s is None else time.monotonic() + timeout_s
    candidates = [deadline for deadline in (outer, inner) if deadline is not None]
    token = _deadline.set(min(candidates, default=None))
    try:
        yield
    finally:
        _deadline.reset(token)
