"""Ratios of counts, and how far the true rate behind one may be from it."""

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def ratio(part: int, whole: int) -> float | None:
    """``part / whole``; None for no values."""
    return part / whole if whole else None


def wilson_interval(part: int, whole: int, confidence: float = 0.95) -> Interval | None:
    """Where the rate lies of which ``part`` of ``whole`` is a sample, two-sided, 0 to 1; None for no values.

    Score interval without continuity correction (Wilson 1927, J. Am. Stat. Assoc. 22(158)); ``confidence`` is above 0
    and below 1.
    """
    if not whole:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = part / whole
    middle = share + z * z / (2 * whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    low = 0.0 if part == 0 else (middle - half) / scale
    high = 1.0 if part == whole else (middle + half) / scale
    return Interval(low, high)
