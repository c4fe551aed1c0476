"""Sums by group are those that exact sums make of each group, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.metrics import group_sums
from tests.support.counted import fixed_squares, fixed_sum

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.floats(-1e6, 1e6),
    st.floats(-1e-15, 1e-15),
    st.sampled_from([0.1, -0.1, 2.0**31, -(2.0**31), 2.0**31 - 2.0**-20, 2.0**-65, 3 * 2.0**-65, -(2.0**-66), 1.0]),
)
SAMPLES = st.lists(st.tuples(st.integers(0, 4), NUMBERS), max_size=60)


@given(SAMPLES)
def test_sums_are_exact(samples: list[tuple[int, float]]) -> None:
    groups = np.array([group for group, _ in samples], dtype=np.int64)
    values = np.array([value for _, value in samples], dtype=np.float64)
    those = np.arange(len(samples))
    by_group = [values[groups == group] for group in range(5)]
    assert group_sums.sums(groups, those, values, 5) == [fixed_sum(each) for each in by_group]
    assert group_sums.square_sums(groups, those, values, 5) == [fixed_squares(each) for each in by_group]


def test_a_value_counts_in_every_group_that_points_to_it() -> None:
    groups, which = np.array([0, 1, 1]), np.array([0, 0, 1])
    assert group_sums.sums(groups, which, np.array([1.5, 0.25]), 3) == [3 << 63, 7 << 62, 0]


def test_more_values_than_are_added_at_once_are_as_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(0, 1e6, 1000)
    expected = group_sums.square_sums(np.zeros(1000, np.int64), np.arange(1000), values, 1)
    monkeypatch.setattr(group_sums, "_AT_ONCE", 7)
    assert group_sums.square_sums(np.zeros(1000, np.int64), np.arange(1000), values, 1) == expected
