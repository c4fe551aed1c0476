"""Values become whole numbers, and what is made of sums of those is right to the last bits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas import exact
from tests.support.counted import fixed_squares, fixed_sum

FINITE = st.floats(-1e300, 1e300)


@given(FINITE)
@example(2.0**-65)
@example(3 * 2.0**-65)
@example(-(2.0**-65))
@example(5e-324)
@settings(deadline=None)
def test_a_value_is_the_nearest_multiple_halves_to_even(value: float) -> None:
    assert exact.to_fixed(value) == round(Fraction(value) * 2**64)


@given(st.floats(2.0**-11, 1e300))
@settings(deadline=None)
def test_a_value_of_some_size_comes_back_whole(value: float) -> None:
    assert exact.from_fixed(exact.to_fixed(value)) == value
    assert exact.from_fixed(exact.to_fixed(-value)) == -value


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=30))
@settings(deadline=None)
def test_mean_and_variance_are_rounded_once(values: list[float]) -> None:
    numbers = [Fraction(exact.to_fixed(value), 2**64) for value in values]
    mean = sum(numbers, Fraction()) / len(numbers)
    deviations = sum(((number - mean) ** 2 for number in numbers), Fraction())
    moments = (len(values), fixed_sum(values), fixed_squares(values))
    assert exact.mean(*moments[:2]) == float(mean)
    assert exact.variance(*moments) == float(deviations / len(values))
    assert exact.mean_square(moments[0], moments[2]) == float(sum((n * n for n in numbers), Fraction()) / len(values))


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e9, 1.7e18])
def test_nothing_cancels_far_from_zero(offset: float) -> None:
    values = np.random.default_rng(3).integers(-1000, 1000, 500) * 1024.0 + offset
    moments = (500, fixed_sum(values), fixed_squares(values))
    assert exact.mean(*moments[:2]) == pytest.approx(float(np.mean(values)), rel=1e-15)
    assert exact.variance(*moments) == pytest.approx(float(np.var(values - offset)), rel=1e-14)


def test_constant_values_vary_by_nothing() -> None:
    values = [0.1] * 7
    assert exact.variance(7, fixed_sum(values), fixed_squares(values)) == 0.0


def test_what_is_not_defined_is_none() -> None:
    assert exact.mean(0, 0) is None
    assert exact.mean_square(0, 0) is None
    assert exact.variance(0, 0, 0) is None


def test_what_is_beyond_the_largest_float_is_none() -> None:
    values = [1e308, -1e308, 1e308, 1e308]
    assert exact.from_fixed(fixed_sum(values)) is None
    assert exact.variance(4, fixed_sum(values), fixed_squares(values)) is None
    assert exact.mean(4, fixed_sum(values)) == 5e307


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        exact.to_fixed(value)
