"""The distance is SciPy's within the stated error, which is small."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hallmark_qoa.metrics.formulas.estimate import Estimate
from hallmark_qoa.metrics.formulas.reference import NumericReference
from hallmark_qoa.metrics.formulas.sketch import Sketch
from hallmark_qoa.metrics.formulas.wasserstein import wasserstein, wasserstein_normed
from tests.support.counted import sketch_of

VALUES = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.just(0.0)), min_size=1, max_size=100
)


def parts(before: Any, after: Any, steps: int = 100) -> tuple[NumericReference, np.ndarray, Sketch]:
    quantiles = np.maximum.accumulate(np.quantile(before, np.linspace(0, 1, steps + 1)))
    reference = NumericReference.of(quantiles.tolist(), len(before))
    return reference, np.bincount(reference.bin_of(after), minlength=reference.bins), sketch_of(after)


@given(VALUES, VALUES, st.sampled_from([1, 20, 100]))
@settings(max_examples=40, deadline=None)
def test_any_values(before: list[float], after: list[float], steps: int) -> None:
    distance = wasserstein(*parts(before, after, steps))
    assert distance is not None
    # SciPy's own sums are right up to some last bits of the largest value.
    slack = 1e-12 * max(map(abs, [*before, *after])) + 1e-9
    assert abs(distance.value - stats.wasserstein_distance(before, after)) <= distance.error + slack


def test_real_columns(drifted: Any, evidently: Any) -> None:
    deviations = []
    for column in drifted:
        std = float(np.std(column.reference))
        distance = wasserstein_normed(*parts(column.reference, column.current), std)
        assert distance is not None
        deviations.append(abs(distance.value - stats.wasserstein_distance(column.reference, column.current) / std))
        assert deviations[-1] <= distance.error, column.name
        if std >= 0.001:  # below that Evidently divides by 0.001
            theirs = evidently("wasserstein", column.reference, column.current)
            assert abs(distance.value - theirs) <= distance.error, column.name
    # The bound is for the worst case, the usual one is much better; the worst is a wind of 1,048 mph, by mistake.
    assert np.quantile(deviations, 0.9) < 0.04


def test_a_long_tail_on_both_sides_does_not_count() -> None:
    values = np.append(np.random.default_rng(6).lognormal(0, 1, 5000), 1e6)
    distance = wasserstein(*parts(values, values))
    assert distance is not None
    assert distance.value < 0.01 * np.std(values)  # a straight line on one side only would make it a third
    assert distance.error > distance.value


def test_functions_that_cross_between_two_points() -> None:
    distance = wasserstein(*parts(np.linspace(0, 1, 10_001), [0.0, 1.0], steps=1))
    assert distance is not None
    assert distance.value == pytest.approx(0.25, abs=1e-12)


def test_values_in_one_wide_interval_are_anywhere_in_it() -> None:
    before = np.append(np.linspace(0, 1, 9900), np.linspace(1, 1000, 100))
    after = [1.5] * 50
    distance = wasserstein(*parts(before, after))
    assert distance is not None
    deviation = abs(distance.value - stats.wasserstein_distance(before, after))
    assert 400 < deviation <= distance.error


def test_values_outside_the_reference_count_by_how_far_they_are() -> None:
    distance = wasserstein(*parts([0.0] * 50 + [1.0] * 50, [-100.0, 0.0, 1.0, 1000.0]))
    assert distance is not None
    true = stats.wasserstein_distance([0.0] * 50 + [1.0] * 50, [-100.0, 0.0, 1.0, 1000.0])
    assert distance.value == pytest.approx(true, abs=distance.error)
    assert distance.error < 0.01 * true


def test_a_large_offset_does_not_drown_it() -> None:
    before = np.random.default_rng(8).normal(101_325, 300, 5000)
    distance = wasserstein_normed(*parts(before, before + 30), float(np.std(before)))
    assert distance is not None
    assert distance.value == pytest.approx(0.1, abs=0.002)


def test_what_is_not_defined_is_none() -> None:
    assert wasserstein(*parts([1.0, 2.0], [])) is None
    assert wasserstein_normed(*parts([1.0, 1.0], [1.0, 2.0]), 0.0) is None
    wide = NumericReference.of([-1e308, 1e308], rows=9)
    assert wasserstein(wide, wide.dense({2: 1}), parts([0.0], [1.0])[2]) is None
    assert wasserstein_normed(*parts([0.0, 1.0], [1e300]), 1e-300) is None


def test_constant_values() -> None:
    assert wasserstein(*parts([3.0], [3.0, 3.0])) == Estimate(0.0, 0.0)
