"""Ratios and their intervals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hallmark_qoa.metrics.formulas.rates import ratio, wilson_interval


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@settings(deadline=None)
def test_interval_is_that_of_scipy(part: int, rest: int, confidence: float) -> None:
    interval = wilson_interval(part, part + rest, confidence)
    if not part + rest:
        assert interval is None
        return
    assert interval is not None
    theirs = stats.binomtest(part, part + rest).proportion_ci(confidence, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0 <= interval.low <= part / (part + rest) <= interval.high <= 1


def test_ratio() -> None:
    assert (ratio(1, 4), ratio(0, 4), ratio(0, 0)) == (0.25, 0.0, None)
