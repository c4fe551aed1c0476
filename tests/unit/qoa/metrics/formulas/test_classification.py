"""Scores of a classifier equal those of scikit-learn."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from hallmark_qoa.metrics.formulas import classification as ours

LABELS = st.sampled_from(["a", "b", "c", "d"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)
EMPTY: list[Counter[tuple[str, str]]] = [Counter(), Counter({("a", "b"): 0})]


def table_of(truths: Sequence[str], predicted: Sequence[str]) -> Counter[tuple[str, str]]:
    return Counter(zip(truths, predicted, strict=True))


def assert_equal_to_sklearn(truths: Sequence[str], predicted: Sequence[str]) -> None:
    table = table_of(truths, predicted)
    mean = ours.macro_scores(table)
    theirs = metrics.precision_recall_fscore_support(truths, predicted, average="macro", zero_division=0)
    assert (mean.precision, mean.recall, mean.f1) == pytest.approx(theirs[:3], abs=1e-12)
    by_label = ours.label_scores(table)
    theirs = metrics.precision_recall_fscore_support(truths, predicted, labels=list(by_label), zero_division=0)
    for (label, scores), precision, recall, f1, _ in zip(by_label.items(), *theirs, strict=True):
        assert (scores.precision or 0, scores.recall or 0, scores.f1) == pytest.approx(
            (precision, recall, f1), abs=1e-12
        )
        assert (scores.precision is None, scores.recall is None) == (label not in predicted, label not in truths)


def test_real_data_of_three_classes(wine: Any) -> None:
    assert_equal_to_sklearn(wine.truths, wine.predicted)


@given(PAIRS)
@settings(max_examples=40, deadline=None)
def test_any_labels(pairs: list[tuple[str, str]]) -> None:
    truths, predicted = [truth for truth, _ in pairs], [label for _, label in pairs]
    assert_equal_to_sklearn(truths, predicted)


@given(PAIRS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_of_the_table_does_not_matter(pairs: list[tuple[str, str]], random: Any) -> None:
    shuffled = random.sample(pairs, len(pairs))
    assert ours.macro_scores(Counter(pairs)) == ours.macro_scores(Counter(shuffled))


@pytest.mark.parametrize("table", EMPTY)
def test_nothing_has_no_score(table: Counter[tuple[str, str]]) -> None:
    assert ours.label_scores(table) == {}
    assert ours.macro_scores(table) == ours.Scores(None, None, None)


def test_large_counts_stay_exact() -> None:
    table = {("a", "a"): 10**18, ("a", "b"): 1, ("b", "a"): 1, ("b", "b"): 10**18}
    assert ours.macro_scores(table) == ours.Scores(1.0, 1.0, 1.0)
