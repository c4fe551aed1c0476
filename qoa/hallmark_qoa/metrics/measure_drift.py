"""Figures of drift: a column, or the answers, against the reference profile of the model."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import CategoryColumn, ModelContext, NumberColumn
from hallmark_qoa.metrics.figure import NOTHING, Cell, Figure, estimated
from hallmark_qoa.metrics.formulas import categories, drift, groups
from hallmark_qoa.metrics.formulas.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov
from hallmark_qoa.metrics.formulas.wasserstein import wasserstein_normed

RARE = 0.01
"""Categories with less of the training data count as one: each alone would be noise."""


class Parts(NamedTuple):
    """Shares of the reference and current counts, by part."""

    reference: npt.NDArray[np.float64]
    current: npt.NDArray[np.int64]


Divergence = Callable[[npt.ArrayLike, npt.ArrayLike], float | None]


def parts_of(aggregate: Aggregate, context: ModelContext, name: str) -> Parts | None:
    """What drift of a column is measured between; None where there is no reference of it, or nothing current."""
    column = context.column(name)
    if isinstance(column, CategoryColumn) and column.shares:
        counts = aggregate.table(slots.distribution(name, column.fingerprint))
        shares, totals = categories.align(column.shares, counts, RARE)
        return Parts(np.array(shares), np.array(totals)) if sum(totals) else None
    dense = _dense(aggregate, context, name)
    if dense is None or not isinstance(column, NumberColumn) or column.reference is None:
        return None
    return Parts(*groups.grouped(column.reference, dense))


def _dense(aggregate: Aggregate, context: ModelContext, name: str) -> npt.NDArray[np.int64] | None:
    """Counts by bin of the reference of a number; None where there is none, or nothing current."""
    column = context.column(name)
    if not isinstance(column, NumberColumn) or column.reference is None:
        return None
    table = aggregate.table(slots.distribution(name, column.fingerprint))
    return column.reference.dense({int(bin_): count for bin_, count in table.items()}) if table else None


def _diverged(cell: Cell, context: ModelContext, name: str, divergence: Divergence) -> Figure:
    parts = parts_of(cell.total, context, name)
    return NOTHING if parts is None else Figure(divergence(*parts), int(parts.current.sum()))


def psi(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Population stability index."""
    return _diverged(cell, context, of, drift.psi)


def jensen_shannon(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Jensen-Shannon distance."""
    return _diverged(cell, context, of, drift.jensen_shannon)


def kullback_leibler(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Kullback-Leibler divergence."""
    return _diverged(cell, context, of, drift.kullback_leibler)


def hellinger(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Hellinger distance."""
    return _diverged(cell, context, of, drift.hellinger)


def total_variation(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Total variation distance."""
    return _diverged(cell, context, of, drift.total_variation)


def chi_squared(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Pearson's statistic of a column of categories."""
    return _diverged(cell, context, of, _statistic) if _has_exact_shares(context, of) else NOTHING


def chi_squared_p_value(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """How probable it is without drift."""
    return _diverged(cell, context, of, _p_value) if _has_exact_shares(context, of) else NOTHING


def _has_exact_shares(context: ModelContext, name: str) -> bool:
    """Shares of numbers are read off quantiles, up to 0.02: of many samples a test would find that, as drift."""
    return isinstance(context.column(name), CategoryColumn)


def _statistic(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    found = drift.chi_squared(reference, current)
    return None if found is None else found.statistic


def _p_value(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    found = drift.chi_squared(reference, current)
    return None if found is None else found.p_value


def kolmogorov_smirnov_distance(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Greatest distance of the two distribution functions."""
    found, count = _kolmogorov_smirnov(cell, context, of)
    return NOTHING if found is None else estimated(found.statistic, count)


def ks_p_value(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """How probable it is without drift."""
    found, count = _kolmogorov_smirnov(cell, context, of)
    return NOTHING if found is None else estimated(found.p_value, count)


def _kolmogorov_smirnov(cell: Cell, context: ModelContext, name: str) -> tuple[KolmogorovSmirnov | None, int]:
    column, dense = context.column(name), _dense(cell.total, context, name)
    if dense is None or not isinstance(column, NumberColumn) or column.reference is None:
        return None, 0
    return kolmogorov_smirnov(column.reference, dense), int(dense.sum())


def wasserstein(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Distance that values have moved, in standard deviations of the reference."""
    column, dense = context.column(of), _dense(cell.total, context, of)
    sketch = cell.total.sketches.get(slots.column(of))
    if dense is None or sketch is None or not isinstance(column, NumberColumn) or column.reference is None:
        return NOTHING
    return estimated(wasserstein_normed(column.reference, dense, sketch, column.std), sketch.count)
