"""Largest distance between the distribution functions of a reference and of current values."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.estimate import Estimate
from hallmark_qoa.metrics.formulas.reference import Floats, NumericReference
from hallmark_qoa.metrics.formulas.special import kolmogorov_survival


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """A statistic, 0 to 1, and how likely one as large is without any drift, 0 to 1."""

    statistic: Estimate
    p_value: Estimate


def kolmogorov_smirnov(reference: NumericReference, counts: npt.ArrayLike) -> KolmogorovSmirnov | None:
    """``sup |F_reference(x) - F_current(x)|`` from the current counts of the bins, shape (bins,); None for no values.

    The two-sample test of Smirnov 1939, as ``scipy.stats.ks_2samp``. The supremum is taken at and just below the points
    of the reference. The error follows from what quantiles leave open, there and between two points, where the
    functions may part and meet again: at most ``1 / steps + 1 / rows``, and in an interval the lesser share of both.

    The p-value is that of the least statistic which the error allows, so that no drift is claimed for want of
    quantiles; too large where values repeat. Its error reaches down to that of the most: nor is it claimed that there
    is none.
    """
    dense = np.asarray(counts, dtype=np.int64)
    count = int(dense.sum())
    if not count:
        return None
    current: Floats = np.cumsum(dense) / count
    low, high = reference.least, reference.most
    value = float(np.abs(reference.cumulative - current).max())
    least = max(0.0, float(np.maximum(low - current, current - high).max()))
    most = float(_most_in_intervals(low, high, current).max())
    statistic = Estimate(value, max(most - value, value - least))
    likely, unlikely = (p_value(each, count, reference.rows) for each in (least, most))
    return KolmogorovSmirnov(statistic, Estimate(likely, likely - unlikely))


def p_value(statistic: float, count: int, rows: int) -> float:
    """How likely a statistic as large is without drift, 0 to 1, for ``count`` and ``rows`` values, each above 0.

    By the limit distribution with the correction for small samples of Stephens 1970, J. R. Stat. Soc. B 32(1); off by
    less than 0.025 where either side has at least four values.
    """
    root = math.sqrt(count * rows / (count + rows))
    return kolmogorov_survival((root + 0.12 + 0.11 / root) * statistic)


def _most_in_intervals(low: Floats, high: Floats, current: Floats) -> Floats:
    """The most that the functions can be apart in each interval, as both only grow; from cumulative shares by bin."""
    current_before, low_before = np.append(0.0, current[1:-1:2]), np.append(0.0, low[1:-1:2])
    most: Floats = np.maximum(high[::2] - current_before, current[::2] - low_before)
    return most
