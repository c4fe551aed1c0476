"""Statistic and p-value are SciPy's within the stated error; the p-value is no smaller than theirs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hallmark_qoa.metrics.formulas.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov, p_value
from hallmark_qoa.metrics.formulas.reference import NumericReference

VALUES = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.just(0.0)), min_size=1, max_size=100
)


def compared(before: Any, after: Any, steps: int = 100) -> KolmogorovSmirnov:
    quantiles = np.maximum.accumulate(np.quantile(before, np.linspace(0, 1, steps + 1)))
    reference = NumericReference.of(quantiles.tolist(), len(before))
    result = kolmogorov_smirnov(reference, np.bincount(reference.bin_of(after), minlength=reference.bins))
    assert result is not None
    return result


@given(VALUES, VALUES, st.sampled_from([1, 20, 100]))
@settings(max_examples=40, deadline=None)
def test_any_values(before: list[float], after: list[float], steps: int) -> None:
    statistic = compared(before, after, steps).statistic
    everywhere = np.array([*before, *after])
    shares = [np.searchsorted(np.sort(values), everywhere, side="right") / len(values) for values in (before, after)]
    assert abs(statistic.value - np.abs(shares[0] - shares[1]).max()) <= statistic.error + 1e-12
    assert 0 <= statistic.value <= 1


def test_real_columns(drifted: Any, evidently: Any) -> None:
    for column in drifted:
        ours = compared(column.reference, column.current)
        theirs = stats.ks_2samp(column.reference, column.current, method="asymp")
        error = ours.statistic.error
        assert abs(ours.statistic.value - theirs.statistic) <= error + 1e-12, column.name
        assert error <= 0.03, column.name
        assert ours.p_value.value >= theirs.pvalue - 0.025, column.name
        assert ours.p_value.value - ours.p_value.error <= theirs.pvalue + 0.025, column.name
        # Evidently reports the p-value, exact for small samples.
        assert (ours.p_value.value < 0.05) <= (evidently("ks", column.reference, column.current) < 0.05), column.name


def test_no_drift_is_claimed_for_want_of_quantiles() -> None:
    values = np.repeat(np.arange(24.0), 10_000)
    ours = compared(values, values, steps=20)
    assert ours.statistic.value > 0.02  # which would be significant in so many values
    assert ours.p_value.value == 1.0


def test_no_stability_is_claimed_for_want_of_quantiles_either() -> None:
    """Every value has moved to the end of its twentieth, and quantiles of twentieths do not show it."""
    before = np.linspace(0, 1, 10_001)
    after = np.clip(np.ceil(20 * before) / 20 - 1e-6, 0, 1)
    p_value = compared(before, after, steps=20).p_value
    assert p_value.value == 1.0
    theirs = stats.ks_2samp(before, after, method="asymp").pvalue
    assert p_value.value - p_value.error <= theirs < 1e-9


@pytest.mark.parametrize("count", [4, 5, 10, 50, 1000])
def test_p_value_is_near_that_of_finite_samples(count: int) -> None:
    for statistic in np.linspace(0, 1, 201):
        assert p_value(statistic, count, 10**12) == pytest.approx(stats.kstwo.sf(statistic, count), abs=0.025)


def test_nothing() -> None:
    assert kolmogorov_smirnov(NumericReference.of([0.0, 1.0], rows=9), [0] * 5) is None


def test_nothing_in_common() -> None:
    ours = compared(np.arange(1000.0), np.arange(2000.0, 2500.0))
    assert (ours.statistic.value, ours.statistic.error) == (1.0, 0.0)
    assert ours.p_value.value < 1e-100
