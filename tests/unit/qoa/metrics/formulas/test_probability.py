"""Brier score and log loss equal those of scikit-learn."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from hallmark_qoa.metrics.formulas.probability import brier_score, log_loss, log_loss_of
from tests.support.counted import fixed_squares, fixed_sum


def ours(probabilities: Sequence[float], happened: Sequence[bool]) -> tuple[float | None, float | None]:
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(happened, dtype=bool)
    brier = brier_score(len(p), fixed_squares(p), int(y.sum()), fixed_sum(p[y]))
    losses = [log_loss_of(each if hit else 1 - each) for each, hit in zip(p.tolist(), y.tolist(), strict=True)]
    return brier, log_loss(len(p), fixed_sum(losses))


def test_real_scores(cancer: Any) -> None:
    happened = np.array(cancer.truths) == "yes"
    brier, loss = ours(cancer.scores, happened)
    assert brier == pytest.approx(metrics.brier_score_loss(happened, cancer.scores), abs=1e-12)
    assert loss == pytest.approx(metrics.log_loss(happened, cancer.scores), abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
@settings(deadline=None)
def test_any_scores(forecasts: list[tuple[float, bool]]) -> None:
    probabilities, happened = [p for p, _ in forecasts], [hit for _, hit in forecasts]
    brier, loss = ours(probabilities, happened)
    assert brier == pytest.approx(float(np.mean((np.array(probabilities) - np.array(happened)) ** 2)), abs=1e-12)
    theirs = metrics.log_loss(happened, np.column_stack((1 - np.array(probabilities), probabilities)), labels=[0, 1])
    assert loss == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_nothing_has_no_score() -> None:
    assert ours([], []) == (None, None)


def test_certainty() -> None:
    assert ours([1.0, 0.0], [True, False]) == (0.0, 0.0)
    assert math.copysign(1, log_loss_of(1.0)) == 1
    brier, loss = ours([0.0], [True])
    assert brier == 1.0
    assert loss == pytest.approx(52 * math.log(2))
    with pytest.raises(ValueError, match="0 to 1"):
        log_loss_of(float("nan"))
