"""Scores of a classifier from its confusion table, ``{(truth, predicted): count}``. Exact: counts, and a division each.

Labels are those with a count above 0 as truth or prediction. Definitions as in scikit-learn 1.9
(``sklearn.metrics.precision_recall_fscore_support``, ``accuracy_score``, ``cohen_kappa_score``, ``matthews_corrcoef``).
Where scikit-learn would divide by zero the score of a label is None here, and counts as 0 in an average
(its ``zero_division=0``): a classifier must not gain by never predicting a label.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hallmark_qoa.metrics.formulas.rates import ratio

ConfusionTable: TypeAlias = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one label or on average, 0 to 1; ``support`` is the number of truths."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def accuracy(table: ConfusionTable) -> float | None:
    """Share of predictions that equal the truth, 0 to 1; None for no values."""
    return ratio(sum(_hits(table).values()), sum(table.values()))


def label_scores(table: ConfusionTable) -> dict[str, Scores]:
    """Scores of each label, in alphabetical order.

    ``precision = tp / predicted`` is None for a label that was never predicted, ``recall = tp / truths`` for one that
    was never true; ``f1 = 2 tp / (predicted + truths)``.
    """
    hits, truths, predicted = _hits(table), _truths(table), _predictions(table)
    return {
        label: Scores(
            precision=ratio(hits[label], predicted[label]),
            recall=ratio(hits[label], truths[label]),
            f1=ratio(2 * hits[label], predicted[label] + truths[label]),
            support=truths[label],
        )
        for label in _labels(table)
    }


def macro_scores(table: ConfusionTable) -> Scores:
    """Mean over the labels, each counting the same; all None for no values."""
    return _average(table, lambda _: 1)


def weighted_scores(table: ConfusionTable) -> Scores:
    """Mean over the labels weighted by their number of truths; all None for no values."""
    return _average(table, lambda scores: scores.support)


def cohen_kappa(table: ConfusionTable) -> float | None:
    """``(observed - expected) / (1 - expected)`` agreement, -1 to 1 (Cohen 1960, Educ. Psychol. Meas. 20(1)).

    None where agreement by chance is certain: of nothing, or where all truths and predictions are one label.
    """
    total, by_chance = sum(table.values()), _products(table)
    return ratio(sum(_hits(table).values()) * total - by_chance, total * total - by_chance)


def matthews_correlation(table: ConfusionTable) -> float | None:
    """Correlation of truth and prediction, -1 to 1 (Gorodkin 2004, Comput. Biol. Chem. 28(5), the K-category R).

    None where all truths or all predictions are one label, where scikit-learn gives 0.
    """
    total = sum(table.values())
    truths = total * total - sum(count * count for count in _truths(table).values())
    predicted = total * total - sum(count * count for count in _predictions(table).values())
    covariance = sum(_hits(table).values()) * total - _products(table)
    return covariance / (math.sqrt(truths) * math.sqrt(predicted)) if truths and predicted else None


def _average(table: ConfusionTable, weight: Callable[[Scores], int]) -> Scores:
    by_label = list(label_scores(table).values())
    weights = [weight(scores) for scores in by_label]

    def mean(values: list[float | None]) -> float | None:
        weighted = math.fsum(each * (value or 0.0) for each, value in zip(weights, values, strict=True))
        return weighted / sum(weights) if sum(weights) else None

    return Scores(
        precision=mean([scores.precision for scores in by_label]),
        recall=mean([scores.recall for scores in by_label]),
        f1=mean([scores.f1 for scores in by_label]),
        support=sum(scores.support for scores in by_label),
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


def _products(table: ConfusionTable) -> int:
    """Agreement by chance, times the squared number of predictions."""
    truths, predicted = _truths(table), _predictions(table)
    return sum(count * predicted[label] for label, count in truths.items())
