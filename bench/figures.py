"""Medians with spread, and ratios taken round by round."""

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {"median": _round(median(values)), "min": _round(min(values)), "max": _round(max(values))}


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> dict[str, float]:
    """Ratio of two measurements, pair by pair of the same round, as median with spread."""
    return spread([a / b for a, b in zip(numerators, denominators, strict=True)])


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """Nearest-rank percentile of sorted values."""
    return ordered[min(len(ordered) - 1, max(0, round(fraction * len(ordered)) - 1))]


def _round(value: float) -> float:
    return float(f"{value:.4g}")
