"""Memory: what windows are judged and reported from, as a store keeps it, for as long as somebody needs it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Fold, Windows
from hallmark_qoa.stores.marks import spot_of
from hallmark_qoa.stores.verdicts import Promise, in_order, promise_of, slice_of

_KINDS = ("good", "bad", "unknown")


class Place(NamedTuple):
    """Which windows are kept together."""

    size_s: int
    model: str
    consumer: str


class Memory:
    """A :class:`~hallmark_qoa.judge.material.Material` in memory.

    Windows of one size, model and consumer are to be put in order of time, each once.
    """

    def __init__(self) -> None:
        self._folds: dict[Place, dict[int, Sequence[Fold]]] = defaultdict(dict)
        self._verdicts: dict[Place, dict[int, Sequence[WindowVerdict]]] = defaultdict(dict)
        self._slices: dict[Promise, _Slices] = defaultdict(_Slices)
        self._records: dict[str, QualityRecord] = {}

    def put(self, due: Due, folds: Sequence[Fold], verdicts: Sequence[WindowVerdict] = ()) -> None:
        """Keep what was made of a window; the verdicts beside those that it has."""
        place = Place(due.size_s, due.model, due.consumer)
        if folds:
            self._folds[place][due.start_ns] = folds
        if verdicts:
            self._verdicts[place][due.start_ns] = verdicts
        for verdict in verdicts:
            self._slices[promise_of(due, verdict)].add(due.start_ns, slice_of(verdict))

    def put_records(self, records: Iterable[QualityRecord]) -> None:
        """Keep where spans of records are, as evidence."""
        for record in records:
            self._records[record.prediction_id] = QualityRecord(
                prediction_id=record.prediction_id, event_time=record.event_time, stages=map(_span_only, record.stages)
            )

    def forget(self, place: Place, before_ns: int) -> None:
        """Let go of windows that start before a time; what they counted as in a budget stays."""
        for kept in (self._folds[place], self._verdicts[place]):
            _forget(kept, before_ns)

    def forget_segments(self, place: Place, before_ns: int) -> None:
        """Let go of all but the segment of all, of windows that start before a time."""
        folds = self._folds[place]
        for start_ns in [start_ns for start_ns in folds if start_ns < before_ns]:
            folds[start_ns] = [fold for fold in folds[start_ns] if not fold.segment]

    def forget_records(self, before_ns: int) -> None:
        """Let go of records whose event time is before a time."""
        old = [name for name, record in self._records.items() if spot_of(record).event_ns < before_ns]
        for name in old:
            del self._records[name]

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


def _span_only(stage: "QualityRecord.stages") -> "QualityRecord.stages":
    return type(stage)(name=stage.name, span_id=stage.span_id)


def _chosen[T](kept: Mapping[Place, Mapping[int, T]], which: Windows) -> Iterator[T]:
    for place, windows in kept.items():
        if (
            place.size_s == which.size_s
            and which.model in ("", place.model)
            and which.consumer in ("", place.consumer)
            and windows
        ):
            yield from _within(windows, which)


def _within[T](windows: Mapping[int, T], which: Windows) -> Iterator[T]:
    """Looked up one by one, as only few of many are asked for as a rule."""
    step_ns = which.size_s * 10**9
    first, last = next(iter(windows)), next(reversed(windows))
    from_ns = first if which.from_ns is None else max(first, -(-which.from_ns // step_ns) * step_ns)
    before_ns = last + 1 if which.before_ns is None else min(last + 1, which.before_ns)
    return (windows[start_ns] for start_ns in range(from_ns, before_ns, step_ns) if start_ns in windows)


def _forget(windows: dict[int, Sequence[Fold]] | dict[int, Sequence[WindowVerdict]], before_ns: int) -> None:
    while windows and (oldest := next(iter(windows))) < before_ns:
        del windows[oldest]


def _in_order(fold: Fold) -> tuple[int, str, str, str, str, str]:
    return fold.start_ns, fold.consumer, fold.model, fold.variant, fold.version, fold.segment
