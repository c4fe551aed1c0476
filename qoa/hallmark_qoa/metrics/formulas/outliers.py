"""Values outside Tukey's fences of a reference."""

import math

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.estimate import Estimate
from hallmark_qoa.metrics.formulas.rates import Interval
from hallmark_qoa.metrics.formulas.sketch import Sketch

REACH = 1.5
"""Interquartile ranges from a quartile to its fence."""


def fences(lower_quartile: float, upper_quartile: float) -> Interval | None:
    """``lower - 1.5 IQR`` to ``upper + 1.5 IQR``, in the unit of the values.

    Tukey 1977, "Exploratory Data Analysis", section 2C. None where the quartiles are equal, so that any other value
    would be an outlier, or where the fences are beyond floats.
    """
    reach = REACH * (upper_quartile - lower_quartile)
    low, high = lower_quartile - reach, upper_quartile + reach
    return Interval(low, high) if reach > 0 and math.isfinite(low) and math.isfinite(high) else None


def are_outside(values: npt.ArrayLike, inside: Interval) -> npt.NDArray[np.bool_]:
    """Which values are below or above, in the shape of ``values``; their count over all is the exact outlier ratio."""
    array = np.asarray(values, dtype=np.float64)
    return (array < inside.low) | (array > inside.high)


def outlier_ratio(current: Sketch, inside: Interval) -> Estimate | None:
    """Share of values below or above, 0 to 1; None for no values.

    Off by at most half the share of values that are in the same bucket of the sketch as a fence.
    """
    if not current.count:
        return None
    surely_below, maybe_below = current.count_at_most(math.nextafter(inside.low, -math.inf))
    surely_inside, maybe_inside = current.count_at_most(inside.high)
    least = surely_below + current.count - maybe_inside
    most = maybe_below + current.count - surely_inside
    return Estimate.between(least / current.count, most / current.count)
