"""Values outside Tukey's fences of a reference."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REACH = 1.5
"""Interquartile ranges from a quartile to its fence."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


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
