"""Fairness: how far apart the segments are.

Segments with fewer samples than asked for are left out; fewer than two that remain have no spread. Definitions as in
fairlearn 0.12 (``demographic_parity_difference``, ``equal_opportunity_difference``, ``MetricFrame.difference`` and
``MetricFrame.ratio`` with ``method="between_groups"``); Hardt, Price, Srebro 2016, "Equality of Opportunity in
Supervised Learning", section 2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hallmark_qoa.metrics.formulas.classification import ConfusionTable
from hallmark_qoa.metrics.formulas.rates import ratio


@dataclass(frozen=True, slots=True)
class Segment:
    """Value of any metric in one segment, None where it has none there, and of how many samples it is."""

    value: float | None
    count: int


def difference(segments: Iterable[Segment], least_count: int = 1) -> float | None:
    """Largest minus smallest value, in the unit of the metric; at least 0."""
    values = _values(segments, least_count)
    return max(values) - min(values) if len(values) > 1 else None


def balance(segments: Iterable[Segment], least_count: int = 1) -> float | None:
    """Smallest by largest value, 0 to 1, 1 being equal; None where the largest is 0 or the smallest negative."""
    values = _values(segments, least_count)
    if len(values) < 2 or min(values) < 0 or max(values) == 0:
        return None
    return min(values) / max(values)


def demographic_parity_difference(
    predicted: Mapping[str, Mapping[str, int]], positive: str, least_count: int = 1
) -> float | None:
    """Largest minus smallest share of the label ``positive`` among the predictions of a segment, 0 to 1.

    ``predicted`` has the counts of predicted labels by segment.
    """
    totals = {segment: sum(counts.values()) for segment, counts in predicted.items()}
    selected = {segment: counts.get(positive, 0) for segment, counts in predicted.items()}
    return difference([_share(selected[name], totals[name]) for name in predicted], least_count)


def equal_opportunity_difference(
    tables: Mapping[str, ConfusionTable], positive: str, least_count: int = 1
) -> float | None:
    """Largest minus smallest recall of the label ``positive`` over the segments, 0 to 1.

    ``tables`` has the confusion table, ``{(truth, predicted): count}``, by segment; what counts as samples of a segment
    are those whose truth is ``positive``.
    """
    return difference([_recall(table, positive) for table in tables.values()], least_count)


def _recall(table: ConfusionTable, positive: str) -> Segment:
    truths = sum(count for (truth, _), count in table.items() if truth == positive)
    return _share(table.get((positive, positive), 0), truths)


def _share(part: int, whole: int) -> Segment:
    return Segment(ratio(part, whole), whole)


def _values(segments: Iterable[Segment], least_count: int) -> list[float]:
    return [each.value for each in segments if each.value is not None and each.count >= least_count]
