"""Fold: what is stored of one window into its aggregates. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.observe import Series, observe
from hallmark_qoa.stores.base import Due, Fold


def fold_records(due: Due, records: Sequence[QualityRecord], context: ModelContext) -> list[Fold]:
    """The folds of a window of the smallest size, from its records."""
    return _folds(due, observe(records, context))


def fold_folds(due: Due, children: Iterable[Fold]) -> list[Fold]:
    """The folds of a larger window, from those of the smaller windows in it."""
    merged: dict[tuple[Series, str], Aggregate] = {}
    for child in children:
        key = (Series(child.consumer, child.model, child.variant, child.version), child.segment)
        aggregate = Aggregate.decode(child.aggregate)
        if key in merged:
            merged[key].merge(aggregate)
        else:
            merged[key] = aggregate
    return _folds(due, merged)


def _folds(due: Due, found: Mapping[tuple[Series, str], Aggregate]) -> list[Fold]:
    return [_fold(due, series, segment, aggregate) for (series, segment), aggregate in sorted(found.items(), key=_key)]


def _key(item: tuple[tuple[Series, str], Aggregate]) -> tuple[Series, str]:
    return item[0]


def _fold(due: Due, series: Series, segment: str, aggregate: Aggregate) -> Fold:
    return Fold(
        size_s=due.size_s,
        start_ns=due.start_ns,
        consumer=series.consumer,
        model=series.model,
        variant=series.variant,
        version=series.version,
        segment=segment,
        aggregate=aggregate.encode(),
    )
