"""Fold: what is stored of one window into its aggregates. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.observe import observe
from hallmark_qoa.stores.base import Due, Fold

Part = tuple[str, str, str]
"""Variant, version and segment: what a window has a fold of each."""


def fold_records(due: Due, records: Sequence[QualityRecord], context: ModelContext) -> list[Fold]:
    """The folds of a window of the smallest size, from its records."""
    parts: dict[Part, Aggregate] = {}
    for (series, segment), aggregate in observe(records, context).items():
        into = parts.setdefault((series.variant, series.version, segment), aggregate)
        if into is not aggregate:
            into.merge(aggregate)
    return _folds(due, {part: aggregate.encode() for part, aggregate in parts.items()})


def fold_folds(due: Due, children: Iterable[Fold]) -> list[Fold]:
    """The folds of a larger window, from those of the smaller windows in it."""
    parts: dict[Part, list[bytes]] = {}
    for one in children:
        parts.setdefault((one.variant, one.version, one.segment), []).append(one.aggregate)
    return _folds(due, {part: _merged(aggregates) for part, aggregates in parts.items()})


def _merged(aggregates: Sequence[bytes]) -> bytes:
    """One that is alone stays as it is."""
    if len(aggregates) == 1:
        return aggregates[0]
    first, *others = map(Aggregate.decode, aggregates)
    for other in others:
        first.merge(other)
    return first.encode()


def _folds(due: Due, aggregates: Mapping[Part, bytes]) -> list[Fold]:
    """In order. Consumer and model are those of the window: stores write some names alike that records hold apart."""
    window = (due.size_s, due.start_ns, due.consumer, due.model)
    return [Fold(*window, *part, aggregates[part]) for part in sorted(aggregates)]
