"""Groups of bins are few, hold everything, and give the PSI of the data itself."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.drift import psi
from hallmark_qoa.metrics.formulas.groups import GROUPS, grouped
from hallmark_qoa.metrics.formulas.reference import NumericReference

VALUES = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.just(0.0)), min_size=1, max_size=300
)


def parts(before: Any, after: Any) -> tuple[NumericReference, np.ndarray]:
    quantiles = np.maximum.accumulate(np.quantile(before, np.linspace(0, 1, 101)))
    reference = NumericReference.of(quantiles.tolist(), len(before))
    return reference, np.bincount(reference.bin_of(after), minlength=reference.bins)


@given(VALUES, VALUES)
@settings(deadline=None)
def test_they_hold_everything_and_are_few(values: list[float], current: list[float]) -> None:
    shares, totals = grouped(*parts(values, current))
    assert totals.sum() == len(current)
    assert shares.sum() == pytest.approx(1)
    # Apart from what is below and above an atom, a group holds some of the reference.
    assert (shares[1:-1] >= 0.02 - 1e-9).all()
    assert len(shares) <= 2 * GROUPS + 3


def test_those_of_continuous_values_are_tenths() -> None:
    values = np.random.default_rng(4).normal(size=5000)
    shares, totals = grouped(*parts(values, values))
    assert shares == pytest.approx([0.1] * 10)
    assert totals == pytest.approx([500] * 10, abs=1)


def test_what_is_beyond_an_atom_at_the_end_is_a_group_of_its_own() -> None:
    reference, _ = parts([0.0] * 93 + list(range(1, 8)), [])
    shares, totals = grouped(reference, reference.dense({0: 1, 1: 90, 2: 4, reference.bins - 1: 5}))
    assert totals.tolist() == [1, 90, 9]
    assert shares == pytest.approx([0, 0.93, 0.07], abs=0.01)


def test_those_of_a_constant_reference() -> None:
    reference, _ = parts([7.0] * 5, [])
    shares, totals = grouped(reference, [1, 2, 3])
    assert (shares.tolist(), totals.tolist()) == ([0, 1, 0], [1, 2, 3])


def test_real_columns(drifted: Any) -> None:
    for column in drifted:
        reference, counts = parts(column.reference, column.current)
        shares, totals = grouped(reference, counts)
        _, true_counts = grouped(reference, parts(column.reference, column.reference)[1])
        rows = len(column.reference)
        assert np.abs(shares - true_counts / rows).max() <= 2 / 100 + 2 / rows, column.name
        # What the quantiles leave open of the shares hardly shows in the PSI.
        close = pytest.approx(psi(true_counts, totals), rel=0.03 + 10 / rows, abs=0.02)
        assert psi(shares, totals) == close, column.name
