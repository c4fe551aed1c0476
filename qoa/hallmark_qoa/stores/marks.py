"""Which windows a change of records marks, and what a mark is. Pure but for the revision."""

import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.derive import event_ns, started_ns
from hallmark_qoa.stores.base import Change
from hallmark_qoa.stores.rows import DAY_NS, stored_text

BASE_S = 10
HORIZON_NS = 6 * DAY_NS

LAST_DAY_NS = (2**63 // DAY_NS) * DAY_NS
"""Event times are kept within so many nanoseconds of 1970, so that no window ends beyond 63 bits (in the year 2262)."""


@dataclass(frozen=True, slots=True)
class WindowRules:
    """How windows come from records."""

    base_s: int = BASE_S
    """Size in seconds of the windows that are folded from records."""
    horizon_ns: int = HORIZON_NS
    """How old a record may be, by its start, for its windows still to be corrected."""

    def oldest_ns(self, now_ns: int) -> int:
        """Start of the oldest record whose windows are corrected."""
        return now_ns - self.horizon_ns


class Spot(NamedTuple):
    """Where a record is in event time, and when it started; names as they are stored."""

    model: str
    consumer: str
    event_ns: int
    started_ns: int


class Window(NamedTuple):
    """A window of one consumer and model, of a size that is known otherwise; in the order in which marks are locked."""

    start_ns: int
    model: str
    consumer: str


def fresh_revision() -> int:
    """A revision that no mark had before; 63 bits."""
    return secrets.randbits(63)


def placed_ns(record: QualityRecord) -> int:
    """Its event time in nanoseconds since 1970, as near to it as windows reach."""
    return min(max(event_ns(record), -LAST_DAY_NS), LAST_DAY_NS - 1)


def spot_of(record: QualityRecord) -> Spot:
    """Where a record is."""
    return Spot(stored_text(record.model.name), stored_text(record.consumer), placed_ns(record), started_ns(record))


def window_of(spot: Spot, size_s: int) -> Window | None:
    """The window that a record is in; None where it names no model, as no stage of it has been heard of."""
    return Window(window_start(spot.event_ns, size_s), spot.model, spot.consumer) if spot.model else None


def windows_of(spots: Iterable[Spot], size_s: int) -> set[Window]:
    """The windows that records are in."""
    return {window for spot in spots if (window := window_of(spot, size_s)) is not None}


def window_start(ns: int, size_s: int) -> int:
    """Start of the window of a size that a time is in."""
    return ns - ns % (size_s * 10**9)


@dataclass(frozen=True, slots=True)
class Touched:
    """Where the changes of a batch changed something."""

    spots: Sequence[Spot | None]
    """One a change: where its record is; None where nothing changed."""
    of_changes: Sequence[Window | None]
    """One a change: the window that its record is in; None where nothing changed, it is too late or it is in none."""
    before: Iterable[Window]
    """Windows that their records were in before; not those that it is too late for."""

    @property
    def windows(self) -> set[Window]:
        """All windows."""
        return {window for window in self.of_changes if window is not None}.union(self.before)


def touched(changes: Sequence[Change], before: Mapping[str, Spot], rules: WindowRules, now_ns: int) -> Touched:
    """What changes touched; ``before`` says by prediction id where records were."""
    oldest_ns = rules.oldest_ns(now_ns)

    def window(spot: Spot) -> Window | None:
        return window_of(spot, rules.base_s) if spot.started_ns >= oldest_ns else None

    changed = [change.combined.record if change.outcome != "unchanged" else None for change in changes]
    spots = [spot_of(record) if record is not None else None for record in changed]
    left = (before.get(record.prediction_id) for record in changed if record is not None) if before else ()
    return Touched(
        spots,
        [window(spot) if spot is not None else None for spot in spots],
        [place for spot in left if spot is not None and (place := window(spot)) is not None],
    )


def with_lateness(changes: Sequence[Change], where: Touched, marked: Container[Window]) -> list[Change]:
    """The changes, each saying whether it should have marked a window and has not."""
    return [
        change if window in marked or not _marks(change) else replace(change, late=True)
        for change, window in zip(changes, where.of_changes, strict=True)
    ]


def _marks(change: Change) -> bool:
    return change.outcome != "unchanged" and bool(change.combined.record.model.name)
