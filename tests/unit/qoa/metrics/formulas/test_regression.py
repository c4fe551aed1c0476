"""Errors of predicted numbers equal those of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from hallmark_qoa.metrics.formulas import exact, regression
from tests.support.counted import fixed_squares, fixed_sum

NUMBERS = st.floats(-1e6, 1e6)


def scores(truths: Sequence[float], predicted: Sequence[float]) -> list[float | None]:
    truth, residual = np.asarray(truths, dtype=np.float64), np.subtract(predicted, truths)
    count, squares = len(truth), fixed_squares(residual)
    return [
        regression.mean_error(count, fixed_sum(residual)),
        regression.mae(count, fixed_sum(np.abs(residual))),
        regression.mse(count, squares),
        regression.rmse(count, squares),
        regression.r2(count, squares, fixed_sum(truth), fixed_squares(truth)),
    ]


def theirs(truths: Sequence[float], predicted: Sequence[float]) -> list[float]:
    return [
        float(np.mean(np.subtract(predicted, truths))),
        metrics.mean_absolute_error(truths, predicted),
        metrics.mean_squared_error(truths, predicted),
        metrics.root_mean_squared_error(truths, predicted),
    ]


def test_real_predictions(diabetes: Any) -> None:
    values = scores(*diabetes)
    assert values[:4] == pytest.approx(theirs(*diabetes), rel=1e-12, abs=1e-12)
    assert values[4] == pytest.approx(metrics.r2_score(*diabetes), abs=1e-12)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
@settings(deadline=None)
def test_any_predictions(pairs: list[tuple[float, float]]) -> None:
    truths, predicted = [truth for truth, _ in pairs], [value for _, value in pairs]
    values = scores(truths, predicted)
    assert values[:4] == pytest.approx(theirs(truths, predicted), rel=1e-9, abs=1e-9)
    assert (values[4] is None) == (len({exact.to_fixed(truth) for truth in truths}) == 1)


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=2, max_size=30))
@settings(deadline=None)
def test_r2(pairs: list[tuple[int, int]]) -> None:
    truths, predicted = [float(truth) for truth, _ in pairs], [float(value) for _, value in pairs]
    if len(set(truths)) > 1:
        assert scores(truths, predicted)[4] == pytest.approx(metrics.r2_score(truths, predicted), rel=1e-12, abs=1e-12)


def test_nothing_has_no_error() -> None:
    assert scores([], []) == [None] * 5


def test_huge_values_never_give_infinity() -> None:
    values = scores([1e300, -1e300], [1e300, 1e300])
    assert values[:2] == [1e300, 1e300]
    assert values[2:4] == [None, None]
    assert values[4] == -1.0
