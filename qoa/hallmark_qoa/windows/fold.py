"""Fold: what is stored of one window into its aggregates. Pure."""

from collections.abc import Iterable, Sequence

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.observe import observe
from hallmark_qoa.stores.base import Due, Fold


def fold_records(due: Due, records: Sequence[QualityRecord], context: ModelContext) -> list[Fold]:
    """The folds of a window of the smallest size, from its records."""
    return _folds(due, ((*key[0][2:], key[1], one) for key, one in observe(records, context).items()))


def fold_folds(due: Due, children: Iterable[Fold]) -> list[Fold]:
    """The folds of a larger window, from those of the smaller windows in it."""
    return _folds(due, ((one.variant, one.version, one.segment, Aggregate.decode(one.aggregate)) for one in children))


def _folds(due: Due, parts: Iterable[tuple[str, str, str, Aggregate]]) -> list[Fold]:
    """One of each variant, version and segment, in order.

    Consumer and model are those of the window: stores write some names alike that records hold apart.
    """
    merged: dict[tuple[str, str, str], Aggregate] = {}
    for variant, version, segment, aggregate in parts:
        into = merged.setdefault((variant, version, segment), aggregate)
        if into is not aggregate:
            into.merge(aggregate)
    return [
        Fold(due.size_s, due.start_ns, due.consumer, due.model, variant, version, segment, merged[key].encode())
        for key in sorted(merged)
        for variant, version, segment in [key]
    ]
