"""Survival functions equal those of SciPy to 1e-9."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from hallmark_qoa.metrics.formulas.special import chi_squared_survival, kolmogorov_survival, upper_gamma


@given(st.floats(0, 1e5), st.integers(1, 20_000))
@settings(deadline=None)
def test_chi_squared(statistic: float, degrees: int) -> None:
    assert chi_squared_survival(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), abs=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 100, 10_000])
def test_chi_squared_around_its_mean(degrees: int) -> None:
    for statistic in np.linspace(0, 3 * degrees, 101):
        assert chi_squared_survival(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), abs=1e-9)


def test_small_p_values_keep_their_digits() -> None:
    assert chi_squared_survival(300.0, 5) == pytest.approx(stats.chi2.sf(300.0, 5), rel=1e-9)
    assert kolmogorov_survival(5.0) == pytest.approx(special.kolmogorov(5.0), rel=1e-9)


def test_far_out_it_ends() -> None:
    assert 0 <= chi_squared_survival(1e9, 10**9) <= 1  # beyond what is accurate, but no endless loop


def test_ends() -> None:
    assert (chi_squared_survival(0.0, 3), chi_squared_survival(math.inf, 3)) == (1.0, 0.0)
    assert upper_gamma(0.5, 5e-324) == pytest.approx(1.0)
    assert upper_gamma(0.5, 1.7e308) == 0.0
    assert (kolmogorov_survival(0.0), kolmogorov_survival(5e-324), kolmogorov_survival(1e300)) == (1.0, 1.0, 0.0)


@given(st.floats(0, 30))
@settings(deadline=None)
def test_kolmogorov(x: float) -> None:
    assert kolmogorov_survival(x) == pytest.approx(special.kolmogorov(x), abs=1e-12)
