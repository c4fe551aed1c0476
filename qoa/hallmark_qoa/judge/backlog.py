"""Backlog: what waits to be folded and judged, and for how long. Pure but for what it reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from hallmark_qoa.stores.base import Due, Store

AT_ONCE = 1000
MOST = 10_000
"""So many marks are looked at; an engine that is further behind than that says enough of it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a window is over by the clock alone."""

    lateness_ns: int
    """So long after its end in the time of events."""
    quiet_ns: int
    """And so long after something came for it."""

    def over_ns(self, due: Due) -> int:
        """From when on, nanoseconds since 1970."""
        return max(due.changed_ns + self.quiet_ns, due.end_ns + self.lateness_ns)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits."""

    marks: int
    lag_ns: int
    """For how long the window that waits longest has been over; 0 where none waits."""


def backlog(dues: Iterable[Due], patience: Patience, now_ns: int) -> Backlog:
    """Of marks at a time."""
    lags = [now_ns - patience.over_ns(due) for due in dues]
    return Backlog(len(lags), max(0, *lags) if lags else 0)


async def read_marks(store: Store) -> list[Due]:
    """The marks of a store, as many as are looked at."""
    found: list[Due] = []
    while len(found) < MOST and (page := await store.due(AT_ONCE, found[-1] if found else None)):
        found += page
    return found
