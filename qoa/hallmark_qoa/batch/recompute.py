"""Recompute: records in order of event time into windows, folded and judged as the engine does.

A window is finished when the stream of records has passed its end. What no later window needs is let go of, so memory
is bounded by the largest window in use and not by the period.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.settings import WINDOWS
from hallmark_qoa.batch.memory import Memory
from hallmark_qoa.judge.judge import USUAL_WINDOWS, Judge
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.judge.promises import Promised
from hallmark_qoa.judge.question import Circumstances
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.models import Contexts
from hallmark_qoa.stores.base import Due, Fold, Windows
from hallmark_qoa.stores.marks import spot_of, window_start
from hallmark_qoa.windows.fold import fold_folds, fold_records
from hallmark_qoa.windows.naming import named

LARGEST_BASE_S = WINDOWS["1h"]
"""Windows that are folded from records are no larger, as these are in memory until it is over."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What windows are made by."""

    models: Contexts
    promises: Promised
    policy: Policy
    sizes: tuple[int, ...]
    """Of windows, in seconds, ascending, each a multiple of the one before; see :func:`sizes_for`."""
    now_ns: int
    """A window that ends later is not over: it is folded and not judged."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window as it was made."""

    due: Due
    folds: Sequence[Fold]
    verdicts: Sequence[WindowVerdict]
    changes: Sequence[VerdictChange]
    records: int
    """Records that it was folded from; 0 where it was from smaller windows."""


def sizes_for(wanted: Iterable[int]) -> tuple[int, ...]:
    """Sizes to recompute so that those that are wanted come out; none that nobody needs, as that takes time."""
    sizes = set(wanted)
    return tuple(sorted(sizes if sizes and min(sizes) <= LARGEST_BASE_S else {*sizes, LARGEST_BASE_S}))


def lead_ns(promises: Promised, sizes: Iterable[int]) -> int:
    """How much earlier records are needed than the first window that is asked for.

    What is usual and what of a budget is spent is told by the windows before one.
    """
    usual_ns = USUAL_WINDOWS * max(sizes) * 10**9
    budgets = (one.budget for contract in promises.contracts() for one in contract.objectives)
    spans = (max(one.period_s, one.over_s or 0) * 10**9 for one in budgets if one is not None)
    return max([usual_ns, *spans])


async def recompute(records: AsyncIterator[Sequence[QualityRecord]], basis: Basis) -> AsyncIterator[Window]:
    """The windows of records, which come in order of event time; smaller sizes first, windows of a size by start.

    Raises:
        ValueError: records are not in order.
    """
    stream = _Stream(basis)
    async for chunk in records:
        for record in chunk:
            for due in stream.over(spot_of(record).event_ns):
                yield await stream.finish(due)
            stream.add(record)
    for due in stream.over(None):
        yield await stream.finish(due)


class _Stream:
    """The windows that are open, and what is needed of those before."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._memory = Memory()
        self._judge = Judge(self._memory, basis.models, basis.promises, basis.policy)
        self._below = {larger: smaller for smaller, larger in pairwise(basis.sizes)}
        self._above = dict(pairwise(basis.sizes))
        self._base_s = basis.sizes[0]
        self._records: dict[Due, list[QualityRecord]] = {}
        self._open: dict[int, dict[Due, None]] = {size_s: {} for size_s in basis.sizes}
        self._passed_ns = -(2**63)
        self._next_end_ns = 2**63

    def add(self, record: QualityRecord) -> None:
        """Put a record into its window of the smallest size, unless it names no model: such records are in none."""
        spot = spot_of(record)
        if not spot.model:
            return
        due = self._opened(self._base_s, spot.model, spot.consumer, spot.event_ns)
        self._records.setdefault(due, []).append(record)
        self._next_end_ns = min(self._next_end_ns, due.end_ns)

    def _opened(self, size_s: int, model: str, consumer: str, ns: int) -> Due:
        due = Due("fold", size_s, model, consumer, window_start(ns, size_s), 0, 0)
        self._open[size_s].setdefault(due)
        return due

    def over(self, event_ns: int | None) -> Iterator[Due]:
        """The windows that are over once records are of a time; all that are open where there are no more.

        Each is to be finished before the next one is asked for: that may open a larger one.
        """
        if event_ns is not None:
            if event_ns < self._passed_ns:
                raise ValueError("records are not in order of event time")
            self._passed_ns = event_ns
            if event_ns < self._next_end_ns:
                return
        for windows in self._open.values():
            yield from sorted((due for due in windows if event_ns is None or due.end_ns <= event_ns), key=_by_start)
        self._next_end_ns = min((due.end_ns for due in self._open[self._base_s]), default=2**63)
        self._forget()

    async def finish(self, due: Due) -> Window:
        """Fold and judge a window."""
        del self._open[due.size_s][due]
        records = self._records.pop(due, [])
        folds = await self._fold(due, records)
        self._memory.put(due, folds)
        if due.size_s in self._above:
            self._opened(self._above[due.size_s], due.model, due.consumer, due.start_ns)
        if due.end_ns > self._basis.now_ns:
            return Window(due, folds, (), (), len(records))
        judged = await self._judge.judge(Circumstances(due))
        self._memory.put(due, (), judged.verdicts)
        return Window(due, folds, judged.verdicts, judged.changes, len(records))

    async def _fold(self, due: Due, records: Sequence[QualityRecord]) -> list[Fold]:
        if due.size_s in self._below:
            below = Windows(self._below[due.size_s], due.model, due.consumer, due.start_ns, due.end_ns)
            return fold_folds(due, await self._memory.folds(below))
        context = self._basis.models.context(due.model)
        folds = fold_records(due, named(records, context), context)
        worst = _exemplars(folds)
        self._memory.put_records(record for record in records if record.prediction_id in worst)
        return folds

    def _forget(self) -> None:
        """Let go of what is neither part of an open window nor tells what is usual in one."""
        self._memory.forget_records(self._first_open_ns(self._basis.sizes))
        for place in self._memory.places():
            parts_ns = self._first_open_ns((place.size_s, self._above.get(place.size_s, place.size_s)))
            usual_ns = (USUAL_WINDOWS + 1) * place.size_s * 10**9
            self._memory.forget(place, min(parts_ns, self._passed_ns - usual_ns), USUAL_WINDOWS)

    def _first_open_ns(self, sizes: Iterable[int]) -> int:
        return min((due.start_ns for size_s in sizes for due in self._open[size_s]), default=self._passed_ns)


def _by_start(due: Due) -> tuple[int, str, str]:
    return due.start_ns, due.model, due.consumer


def _exemplars(folds: Iterable[Fold]) -> set[str]:
    """Predictions that may be asked for as evidence."""
    return {
        exemplar.prediction_id
        for fold in folds
        for exemplars in Aggregate.decode(fold.aggregate).worst.values()
        for exemplar in exemplars
    }
