"""Scores of a classifier from its confusion table, ``{(truth, predicted): count}``. Exact: counts, and a division each.

Labels are those with a count above 0 as truth or prediction. Definitions as in scikit-learn 1.9
(``sklearn.metrics.precision_recall_fscore_support``). Where scikit-learn would divide by zero the score of a label is
None here, and counts as 0 in an average (its ``zero_division=0``): a classifier must not gain by never predicting a
label.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

ConfusionTable: TypeAlias = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one label or on average, 0 to 1."""

    precision: float | None
    recall: float | None
    f1: float | None


def label_scores(table: ConfusionTable) -> dict[str, Scores]:
    """Scores of each label, in alphabetical order.

    ``precision = tp / predicted`` is None for a label that was never predicted, ``recall = tp / truths`` for one that
    was never true; ``f1 = 2 tp / (predicted + truths)``.
    """
    hits, truths, predicted = _hits(table), _truths(table), _predictions(table)
    return {
        label: Scores(
            precision=_ratio(hits[label], predicted[label]),
            recall=_ratio(hits[label], truths[label]),
            f1=_ratio(2 * hits[label], predicted[label] + truths[label]),
        )
        for label in _labels(table)
    }


def macro_scores(table: ConfusionTable) -> Scores:
    """Mean over the labels, each counting the same; all None for no values."""
    scores = label_scores(table).values()
    return Scores(
        precision=_mean([each.precision for each in scores]),
        recall=_mean([each.recall for each in scores]),
        f1=_mean([each.f1 for each in scores]),
    )


def _labels(table: ConfusionTable) -> list[str]:
    return sorted({label for pair, count in table.items() if count for label in pair})


def _hits(table: ConfusionTable) -> Counter[str]:
    return Counter({truth: count for (truth, predicted), count in table.items() if truth == predicted})


def _truths(table: ConfusionTable) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (truth, _), count in table.items():
        counts[truth] += count
    return counts


def _predictions(table: ConfusionTable) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, predicted), count in table.items():
        counts[predicted] += count
    return counts


def _mean(values: list[float | None]) -> float | None:
    return math.fsum(each or 0.0 for each in values) / len(values) if values else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
