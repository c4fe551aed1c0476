"""Fairness: how far apart the segments are.

Segments with fewer samples than asked for are left out; fewer than two that remain have no spread. Definitions as in
fairlearn 0.12 (``MetricFrame.difference`` and ``MetricFrame.ratio`` with ``method="between_groups"``); of ``recall``
it is the equal opportunity of Hardt, Price, Srebro 2016, "Equality of Opportunity in Supervised Learning", section 2.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """Value of any metric in one segment, None where it has none there, and of how many samples it is."""

    value: float | None
    count: int


def difference(segments: Iterable[Segment], least_count: int = 1) -> float | None:
    """Largest minus smallest value, in the unit of the metric; at least 0. None where it is beyond floats."""
    values = _values(segments, least_count)
    found = max(values) - min(values) if len(values) > 1 else math.inf
    return found if math.isfinite(found) else None


def balance(segments: Iterable[Segment], least_count: int = 1) -> float | None:
    """Smallest by largest value, 0 to 1, 1 being equal; None where the largest is 0 or the smallest negative."""
    values = _values(segments, least_count)
    if len(values) < 2 or min(values) < 0 or max(values) == 0:
        return None
    return min(values) / max(values)


def _values(segments: Iterable[Segment], least_count: int) -> list[float]:
    return [each.value for each in segments if each.value is not None and each.count >= least_count]
