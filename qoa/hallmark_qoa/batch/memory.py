"""Memory: what windows are judged and reported from, as a store keeps it, for as long as somebody needs it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from hallmark.qoa.v1.quality_pb2 import QualityRecord, Stage
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Fold, Windows
from hallmark_qoa.stores.marks import placed_ns
from hallmark_qoa.stores.verdicts import Promise, in_order, promise_of, slice_of

_KINDS = ("good", "bad", "unknown")

Kept = TypeVar("Kept")


class Place(NamedTuple):
    """Which windows are kept together."""

    size_s: int
    model: str
    consumer: str


class _Windows(Generic[Kept]):
    """Something of each window, in order of time."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._kept: list[Kept] = []

    def add(self, start_ns: int, kept: Kept) -> None:
        self._starts.append(start_ns)
        self._kept.append(kept)

    def between(self, from_ns: int | None, before_ns: int | None) -> list[Kept]:
        first = 0 if from_ns is None else bisect_left(self._starts, from_ns)
        end = len(self._starts) if before_ns is None else bisect_left(self._starts, before_ns)
        return self._kept[first:end]

    def change(self, before_ns: int, changed: Callable[[Kept], Kept]) -> None:
        for index in range(bisect_left(self._starts, before_ns)):
            self._kept[index] = changed(self._kept[index])

    def forget(self, before_ns: int, least: int = 0) -> None:
        """What starts before a time, but at least so many are left."""
        count = max(min(bisect_left(self._starts, before_ns), len(self._starts) - least), 0)
        del self._starts[:count], self._kept[:count]


class Memory:
    """A :class:`~hallmark_qoa.judge.material.Material` in memory.

    Windows of one size, model and consumer are to be put in order of time, each once.
    """

    def __init__(self) -> None:
        self._folds: dict[Place, _Windows[Sequence[Fold]]] = defaultdict(_Windows)
        self._verdicts: dict[Place, _Windows[Sequence[WindowVerdict]]] = defaultdict(_Windows)
        self._slices: dict[Promise, _Slices] = defaultdict(_Slices)
        self._records: dict[str, QualityRecord] = {}

    def put(self, due: Due, folds: Sequence[Fold], verdicts: Sequence[WindowVerdict] = ()) -> None:
        """Keep what was made of a window; the verdicts beside those that it has."""
        place = Place(due.size_s, due.model, due.consumer)
        if folds:
            self._folds[place].add(due.start_ns, folds)
        if verdicts:
            self._verdicts[place].add(due.start_ns, verdicts)
        for verdict in verdicts:
            self._slices[promise_of(due, verdict)].add(due.start_ns, slice_of(verdict))

    def put_records(self, records: Iterable[QualityRecord]) -> None:
        """Keep where spans of records are, as evidence."""
        for record in records:
            self._records[record.prediction_id] = QualityRecord(
                prediction_id=record.prediction_id, event_time=record.event_time, stages=map(_span_only, record.stages)
            )

    def places(self) -> list[Place]:
        """All of which windows are kept."""
        return list(self._folds)

    def forget(self, place: Place, before_ns: int, least_verdicts: int = 0) -> None:
        """Let go of windows that start before a time, but not of the verdicts of so many.

        What they counted as in a budget stays.
        """
        self._folds[place].forget(before_ns)
        self._verdicts[place].forget(before_ns, least_verdicts)

    def forget_segments(self, place: Place, before_ns: int) -> None:
        """Let go of all but the segment of all, of windows that start before a time."""
        self._folds[place].change(before_ns, _of_all)

    def forget_records(self, before_ns: int) -> None:
        """Let go of records whose event time is before a time."""
        while self._records:
            oldest = next(iter(self._records))
            if placed_ns(self._records[oldest]) >= before_ns:
                break
            del self._records[oldest]

    async def get(self, prediction: str) -> QualityRecord | None:
        """The spans of a prediction."""
        return self._records.get(prediction)

    async def folds(self, which: Windows) -> list[Fold]:
        """See :class:`~hallmark_qoa.stores.base.Store`."""
        found = [
            fold
            for folds in _chosen(self._folds, which)
            for fold in folds
            if which.segment is None or fold.segment == which.segment
        ]
        starts = sorted({fold.start_ns for fold in found})[-which.last :]
        return sorted((fold for fold in found if fold.start_ns >= starts[0]), key=_in_order)

    async def verdicts(self, which: Windows, contract: str = "") -> list[WindowVerdict]:
        """See :class:`~hallmark_qoa.stores.base.Store`."""
        found = [
            verdict
            for verdicts in _chosen(self._verdicts, which)
            for verdict in verdicts
            if which.segment in (None, verdict.segment) and contract in ("", verdict.contract)
        ]
        starts = sorted({verdict.start.ToNanoseconds() for verdict in found})[-which.last :]
        return sorted((one for one in found if one.start.ToNanoseconds() >= starts[0]), key=in_order)

    async def slices(self, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
        """See :class:`~hallmark_qoa.stores.base.Store`."""
        series = (which.size_s, which.model, which.consumer)
        promise = Promise(*series, contract, objective, variant, which.segment or "")
        return self._slices[promise].between(which.from_ns, which.before_ns)


class _Slices:
    """What windows of one promise counted as: how many of each kind up to each of them."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._totals: list[tuple[int, ...]] = [(0,) * len(_KINDS)]

    def add(self, start_ns: int, kind: str) -> None:
        self._starts.append(start_ns)
        self._totals.append(tuple(total + (kind == each) for each, total in zip(_KINDS, self._totals[-1], strict=True)))

    def between(self, from_ns: int | None, before_ns: int | None) -> Counter[str]:
        first = 0 if from_ns is None else bisect_left(self._starts, from_ns)
        end = len(self._starts) if before_ns is None else bisect_left(self._starts, before_ns)
        pairs = zip(_KINDS, self._totals[first], self._totals[max(first, end)], strict=True)
        return Counter({kind: after - before for kind, before, after in pairs if after > before})


def _span_only(stage: Stage) -> Stage:
    return Stage(name=stage.name, span_id=stage.span_id)


def _chosen(kept: Mapping[Place, _Windows[Kept]], which: Windows) -> Iterator[Kept]:
    for place, windows in kept.items():
        if place.size_s == which.size_s and which.model in ("", place.model) and which.consumer in ("", place.consumer):
            # Of a segment the last are those that have it.
            last = which.last if which.segment is None else 0
            yield from windows.between(which.from_ns, which.before_ns)[-last:]


def _of_all(folds: Sequence[Fold]) -> Sequence[Fold]:
    return folds if len(folds) == 1 else [fold for fold in folds if not fold.segment]


def _in_order(fold: Fold) -> tuple[int, str, str, str, str, str]:
    return fold.start_ns, fold.consumer, fold.model, fold.variant, fold.version, fold.segment
