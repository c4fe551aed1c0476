"""Cells: folds of one window put together for whoever asks for figures of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.stores.base import Fold


@dataclass(frozen=True, slots=True)
class Slot:
    """Which window of which series; versions are kept together."""

    start_ns: int
    consumer: str
    model: str
    variant: str


def by_slot(folds: Iterable[Fold]) -> dict[Slot, list[Fold]]:
    """Folds by their window and series, in order."""
    found: dict[Slot, list[Fold]] = {}
    for fold in folds:
        found.setdefault(Slot(fold.start_ns, fold.consumer, fold.model, fold.variant), []).append(fold)
    return found


class Cells:
    """The folds of one slot, as cells; what many ask for is put together once."""

    def __init__(self, folds: Sequence[Fold]) -> None:
        self._folds = folds
        self._by_versions: dict[frozenset[str], _Segments] = {}

    def cell(self, versions: Collection[str] = (), segment: str = "") -> Cell | None:
        """What figures are computed from; of these versions only, of all where none is named.

        None where nothing is known of that segment.
        """
        segments = self._segments(frozenset(versions))
        if segment not in segments:
            return None
        return Cell(segments[segment], segments if not segment else {}, float(self._folds[0].size_s))

    def _segments(self, versions: frozenset[str]) -> "_Segments":
        if versions not in self._by_versions:
            wanted = (fold for fold in self._folds if not versions or fold.version in versions)
            self._by_versions[versions] = _Segments(wanted)
        return self._by_versions[versions]


def cell_of(folds: Sequence[Fold], versions: Collection[str] = (), segment: str = "") -> Cell | None:
    """One of :class:`Cells`."""
    return Cells(folds).cell(versions, segment)


def versions_of(folds: Iterable[Fold]) -> list[str]:
    """The versions in folds, in order."""
    return sorted({fold.version for fold in folds})


class _Segments(Mapping[str, Aggregate]):
    """Aggregates by segment, each put together when it is first asked for; the segment of all is not listed."""

    def __init__(self, folds: Iterable[Fold]) -> None:
        self._folds: dict[str, list[Fold]] = {}
        for fold in folds:
            self._folds.setdefault(fold.segment, []).append(fold)
        self._made: dict[str, Aggregate] = {}

    def __contains__(self, segment: object) -> bool:
        return segment in self._folds

    def __getitem__(self, segment: str) -> Aggregate:
        if segment not in self._made:
            first, *others = (Aggregate.decode(fold.aggregate) for fold in self._folds[segment])
            for other in others:
                first.merge(other)
            self._made[segment] = first
        return self._made[segment]

    def __iter__(self) -> Iterator[str]:
        return (segment for segment in self._folds if segment)

    def __len__(self) -> int:
        return len(self._folds) - ("" in self._folds)
