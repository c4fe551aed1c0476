"""What the engine needs of a store. Every implementation passes tests/contract/test_store.py."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
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
    late: bool = False
    """Whether it came too late for its window: it started longer ago than the horizon, or others of it are gone."""


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


@dataclass(frozen=True, slots=True)
class Due:
    """A window of one consumer and model in which something changed: a mark that the store keeps.

    The windows of the smallest size are folded from records, larger ones from those of the next smaller size.
    """

    task: Literal["fold", "judge"]
    size_s: int
    model: str
    consumer: str
    start_ns: int
    """Start in event time, nanoseconds since 1970; a multiple of the size."""
    revision: int
    """Another one after every change; 63 bits."""
    changed_ns: int
    """When a record of it changed last, by the clock of who changed it, nanoseconds since 1970."""

    @property
    def place(self) -> tuple[int, str, str, int]:
        """Which window it is, whatever is to be done with it."""
        return self.size_s, self.model, self.consumer, self.start_ns

    @property
    def end_ns(self) -> int:
        """End of the window, itself no part of it."""
        return self.start_ns + self.size_s * 10**9


@dataclass(frozen=True, slots=True)
class Fold:
    """The aggregate of one window, series and segment."""

    size_s: int
    start_ns: int
    consumer: str
    model: str
    variant: str
    version: str
    segment: str
    """``<dimension>=<value>``, empty for all."""
    aggregate: bytes
    """As :class:`hallmark_qoa.metrics.aggregate.Aggregate` writes it."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Which windows; what is empty or None does not filter."""

    size_s: int
    model: str = ""
    consumer: str = ""
    from_ns: int | None = None
    """Starting at or after, in event time."""
    before_ns: int | None = None
    """Starting before."""
    segment: str | None = None
    """Only of this segment; empty is that of all."""
    last: int = 0
    """Only those that start in the last so many different starts; 0 for all."""


@dataclass(frozen=True, slots=True)
class TruthTold:
    """What really happened with one prediction, as somebody tells it."""

    prediction: str
    value: str
    observed_ns: int
    """When it became known, in the time of events."""


TruthOutcome = Literal["joined", "waiting", "repeated", "corrected", "superseded", "expired"]


@dataclass(frozen=True, slots=True)
class Series:
    """What is known of the windows of one size, model and consumer together."""

    revision: int
    """Another one after every change of folds or verdicts in it."""
    told_from_ns: int | None
    """Of windows that start before nobody is told: their records were there before windows of this kind were made."""


@dataclass(frozen=True, slots=True)
class Spent:
    """An objective with a budget of which a window counts otherwise than before."""

    contract: str
    objective: str
    variant: str
    segment: str
    reach_ns: int
    """It counts in later windows that start within so many nanoseconds."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a verdict that is to be told, once."""

    id: str
    """The same for the same change, whoever finds it."""
    change: bytes
    """A serialized :class:`hallmark.qoa.v1.qoa_pb2.VerdictChange`."""
    settles: str = ""
    """Id of another one: only where that was put, this one is to be told too."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An event that is kept, told or not."""

    number: int
    """Greater than that of every event that was there before."""
    change: bytes
    """As in :class:`Event`."""


class Store(Protocol):
    """Keeps one record a prediction, with the spans that it was derived from, and what was made of records.

    ``base_s``, given when it is opened, is the size in seconds of the windows that are folded from records, and
    ``horizon_ns`` how old a record may be (by its start) for its windows still to be corrected.
    """

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

        0 when they take no more than that. Where windows count too, those go that were folded before the oldest record
        that stays.
        """

    async def observed(self, model: str, consumer: str, from_ns: int, before_ns: int) -> list[QualityRecord]:
        """Records of a period of event time, each with its truth where it is known, in order of the prediction id."""

    async def latest_event_ns(self, model: str, consumer: str) -> int | None:
        """The latest event time of a record of a consumer and model."""

    def export(self, which: Filter) -> AsyncIterator[list[QualityRecord]]:
        """All records of a period of event time (the times of the filter), with their truth, some at once.

        In order of event time, then of prediction id.
        """

    async def count(self, which: Filter) -> int:
        """How many records :meth:`export` gives."""

    async def add_truths(self, truths: Sequence[TruthTold]) -> list[TruthOutcome]:
        """Keep truths; what became of each, in their order. Where an exception is raised they are to be told again.

        Of several truths of a prediction the one with the greatest (observed_ns, value) holds; one that is told again
        is ``repeated``, a lesser one ``superseded``. That of a prediction which is not there waits for it. That of one
        which started longer ago than the horizon is not kept. Windows of predictions whose truth changed are marked.
        """

    async def delete_waiting_truths(self, told_before_ns: int, limit: int) -> int:
        """Remove truths that were told before a time and whose prediction never came; how many of at most ``limit``."""

    async def due(self, limit: int, after: Due | None = None) -> list[Due]:
        """At most so many marks, smaller sizes first, ``fold`` before ``judge``, then by start, model and consumer.

        Only what comes after one in that order, so that windows that are not over do not hide those that are.
        """

    async def put_folds(self, due: Due, folds: Sequence[Fold], next_size_s: int | None, *, usual_ns: int = 0) -> bool:
        """Replace the folds of a window that is due, in one transaction; False, and nothing, where it changed again.

        Or where something that it is made of has been removed: such a window stays as it is. The mark goes. Where the
        folds differ from those before, the window is marked to be judged and the window of the next larger size that it
        is in to be folded. To later windows of its series that start within ``usual_ns`` it tells what is usual: those
        that are violated are marked to be judged again.
        """

    async def folds(self, which: Windows) -> list[Fold]:
        """Folds in order of start, consumer, model, variant, version and segment."""

    async def series(self, due: Due) -> Series:
        """That of a window."""

    async def put_verdicts(
        self,
        due: Due,
        verdicts: Sequence[WindowVerdict],
        events: Sequence[Event],
        spent: Sequence[Spent] = (),
        *,
        seen: int | None = None,
        again: bool = False,
    ) -> bool:
        """Replace the verdicts of a window that is due; False, and nothing, where it changed again.

        Or where the revision of its series is not ``seen`` any more: what it was judged by may have changed. The mark
        goes, unless the window is to be judged ``again``. Events whose id was there before are left out. Later windows
        in whose budgets it counts otherwise than before are marked to be judged again.
        """

    async def verdicts(self, which: Windows, contract: str = "") -> list[WindowVerdict]:
        """Verdicts in order of start, consumer, model, variant, contract and objective; also of one contract only."""

    async def slices(self, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
        """How many windows of one objective and variant are ``good``, ``bad``, ``unknown``.

        Of one model, consumer and segment, those of ``which``.

        Bad is what its verdict says is bad, unknown what is not and whose verdict is; all others are good.
        """

    async def untold(self, limit: int) -> list[Event]:
        """Events that nobody was told, in the order in which they were put; none while another engine is telling."""

    async def told(self, ids: Sequence[str]) -> None:
        """They have been told."""

    async def events(self, after: int, limit: int) -> list[Noted]:
        """At most so many events with greater numbers than one, in order; kept as long as the windows they are of.

        None comes later with a number that is less than one of these.
        """

    async def last_event(self) -> int:
        """The greatest number of an event, 0 where there is none."""

    async def delete_folds_before(self, size_s: int, written_ns: int, limit: int) -> int:
        """Remove windows, with their verdicts, that were folded last before a time; how many of at most ``limit``.

        By the clock, not in event time: history that was replayed today is as old as today. Windows of the next larger
        size that they are in are not made anew any more, as that would be from a part of what they hold.
        """

    async def heartbeat(self, now_ns: int, latest_event_ns: int) -> dict[str, tuple[int, int]]:
        """Say that this engine lives and the latest event time that it has stored; the same of every engine by name."""

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""
