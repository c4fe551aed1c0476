"""What the engine needs of a store. Every implementation passes tests/contract/test_store.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.errors import StartupError
from hallmark_qoa.combine import Combined
from hallmark_qoa.facts import SpanFacts, SpanGroup

Combine = Callable[[tuple[SpanFacts, ...], SpanGroup], Combined]
"""What makes a record of the spans stored before and the ones that came; pure, called inside the transaction."""


class StoreError(StartupError):
    """A store that cannot be used; the message is one line that names the setting."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A batch with spans that wait for others of their prediction."""

    id: int
    request: bytes
    """The ExportTraceServiceRequest as it came."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written in one transaction."""

    groups: Sequence[SpanGroup] = ()
    """Spans that become records, or join the records that are there."""
    entry: JournalEntry | None = None
    """Spans that wait for others, to be kept in the journal."""
    settled: Sequence[int] = ()
    """Journal entries that are not needed any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one group."""

    outcome: Literal["stored", "updated", "unchanged"]
    combined: Combined


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records; what is empty or None does not filter."""

    consumer: str = ""
    model: str = ""
    status: str = ""
    from_ns: int | None = None
    """Started at or after, nanoseconds since 1970."""
    before_ns: int | None = None
    """Started before, nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the order of records, which is newest first by start, then by prediction id."""

    started_ns: int
    prediction: str


@dataclass(frozen=True, slots=True)
class Page:
    """Records in order, and where the next page starts; None after the last."""

    records: list[QualityRecord] = field(default_factory=list)
    next: Cursor | None = None


class Store(Protocol):
    """Keeps one record a prediction, with the spans that it was derived from."""

    async def commit(self, batch: Batch, combine: Combine) -> list[Change]:
        """Write a batch in one transaction, all of it or, where an exception is raised, nothing.

        One change a group, in their order; a group of a prediction that is stored already is merged with the spans
        stored before. Concurrent commits, of this engine and of others on the same database, do not lose each other's
        spans. ``combine`` may be called again for the same group.
        """

    async def journal(self) -> list[JournalEntry]:
        """The journal entries of this engine that were never settled, in order of id."""

    async def get(self, prediction: str) -> QualityRecord | None:
        """The record of a prediction."""

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        """Ids of at most ``limit`` predictions of a trace, in order."""

    async def page(self, which: Filter, size: int, after: Cursor | None = None) -> Page:
        """At most ``size`` records that come after a place in the order."""

    async def delete_before(self, started_ns: int, limit: int) -> int:
        """Remove records that started before a time; how many of at most ``limit``.

        The age of a record that starts in the future (more than a day) counts from when it was first stored.
        """

    async def delete_beyond(self, max_bytes: int, limit: int) -> int:
        """Remove the oldest records while all together take more than a size; how many of at most ``limit``.

        0 when they take no more than that.
        """

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""
