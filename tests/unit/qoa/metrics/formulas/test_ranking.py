"""The area under the ROC curve is scikit-learn's, within the stated error."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hallmark_qoa.metrics.formulas.estimate import Estimate
from hallmark_qoa.metrics.formulas.ranking import SCORE_BINS, auc, score_bins

SCORES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 0.5001, 1.0])), min_size=1, max_size=30)


def histogram(scores: Sequence[float]) -> Counter[int]:
    return Counter(score_bins(scores).tolist())


def theirs(positives: Sequence[float], negatives: Sequence[float]) -> float:
    truths = [1] * len(positives) + [0] * len(negatives)
    return float(roc_auc_score(truths, [*positives, *negatives]))


def test_real_scores(cancer: Any) -> None:
    positive = np.array(cancer.truths) == "yes"
    area = auc(histogram(cancer.scores[positive]), histogram(cancer.scores[~positive]))
    assert area is not None
    assert area.error < 5e-4
    assert area.value == pytest.approx(theirs(cancer.scores[positive], cancer.scores[~positive]), abs=area.error)


@given(SCORES, SCORES)
@settings(deadline=None)
def test_any_scores(positives: list[float], negatives: list[float]) -> None:
    area = auc(histogram(positives), histogram(negatives))
    assert area is not None
    assert abs(area.value - theirs(positives, negatives)) <= area.error + 1e-12


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
@settings(deadline=None)
def test_scores_on_bins_are_exact_but_for_ties(positives: list[int], negatives: list[int]) -> None:
    area = auc(histogram([k / 10 for k in positives]), histogram([k / 10 for k in negatives]))
    assert area is not None
    assert area.value == pytest.approx(theirs(positives, negatives), abs=1e-12)


def test_one_class_has_no_area() -> None:
    assert auc({}, {3: 1}) is None
    assert auc({3: 1}, {}) is None
    assert auc({3: 0}, {3: 1}) is None


def test_extremes() -> None:
    assert auc({999: 10**12}, {0: 10**12}) == Estimate(1.0, 0.0)
    assert auc({0: 2}, {999: 2}) == Estimate(0.0, 0.0)
    assert auc({5: 1}, {5: 1}) == Estimate(0.5, 0.5)


@given(st.floats(0, 1))
@settings(deadline=None)
def test_a_score_is_in_its_bin(score: float) -> None:
    (each,) = score_bins([score]).tolist()
    assert 0 <= each < SCORE_BINS
    assert each / SCORE_BINS - 1e-12 <= score <= (each + 1) / SCORE_BINS + 1e-12


@pytest.mark.parametrize("score", [-0.001, 1.001, float("nan"), float("inf")])
def test_what_is_no_score_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        score_bins([0.5, score])
