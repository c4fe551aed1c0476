"""Bins from quantiles: each value is in the right one, and shares are those of the data within the stated bounds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.reference import NumericReference

VALUES = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.just(0.0)), min_size=1, max_size=300
)


def reference_of(values: Any, steps: int = 100) -> NumericReference:
    quantiles = np.quantile(np.asarray(values), np.linspace(0, 1, steps + 1))
    return NumericReference.of(np.maximum.accumulate(quantiles).tolist(), len(values))


def true_cumulative(reference: NumericReference, values: Any) -> np.ndarray:
    counts = np.bincount(reference.bin_of(np.asarray(values)), minlength=reference.bins)
    return np.cumsum(counts) / len(values)


def test_layout() -> None:
    reference = NumericReference.of([0.0, 0.0, 0.0, 5.0, 9.0], rows=100)
    assert (reference.steps, reference.bins) == (4, 7)
    assert reference.bin_of([-1, 0, 1, 5, 7, 9, 10]).tolist() == [0, 1, 2, 3, 4, 5, 6]
    # Two of four steps are the atom for sure; of the step to 5 some may be.
    assert reference.cumulative.tolist() == [0, 0.625, 0.75, 0.75, 1, 1, 1]
    assert reference.shares().tolist() == [0, 0.625, 0.125, 0, 0.25, 0, 0]


def test_neighbouring_atoms_have_nothing_between_them() -> None:
    values = np.repeat([1.0, 2.0, 3.0], [205, 300, 495])
    shares = reference_of(values).shares()
    assert shares == pytest.approx([0, 0.205, 0, 0.3, 0, 0.495, 0], abs=1e-12)
    assert (shares[[0, 2, 4, 6]] == 0).all()


def test_constant_reference() -> None:
    reference = reference_of([7.0] * 5)
    assert reference.bins == 3
    assert reference.shares().tolist() == [0, 1, 0]
    assert [reference.least.tolist(), reference.most.tolist()] == [[0, 1, 1], [0, 1, 1]]


@given(VALUES, st.sampled_from([1, 20, 100]))
@example([0.0, -0.0, 1.0], 100)
@settings(deadline=None)
def test_bounds_hold_the_true_shares(values: list[float], steps: int) -> None:
    reference = reference_of(values, steps)
    low, high = reference.least, reference.most
    true, guess = true_cumulative(reference, values), reference.cumulative
    assert (low - 1e-12 <= true).all()
    assert (true <= high + 1e-12).all()
    assert (low <= guess).all()
    assert (guess <= high).all()
    assert (np.diff(guess) >= 0).all()
    assert (guess[0], guess[-1]) == (0, 1)
    assert (high - low).max() <= 1 / steps + 2 / len(values) + 1e-12


def test_real_columns(drifted: Any) -> None:
    for column in drifted:
        reference = reference_of(column.reference)
        true = true_cumulative(reference, column.reference)
        rows = len(column.reference)
        assert np.abs(reference.cumulative - true).max() <= 0.01 + 2 / rows, column.name


@given(VALUES, st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30))
@settings(deadline=None)
def test_bins_are_in_the_order_of_values(values: list[float], others: list[float]) -> None:
    reference = reference_of(values)
    ordered = np.sort(np.array(others, dtype=np.float64))
    bins = reference.bin_of(ordered)
    assert (np.diff(bins) >= 0).all()
    assert ((bins == 0) == (ordered < reference.points[0])).all()
    assert ((bins == reference.bins - 1) == (ordered > reference.points[-1])).all()
    assert ((bins % 2 == 1) == np.isin(ordered, reference.points)).all()


def test_dense() -> None:
    reference = NumericReference.of([0.0, 1.0], rows=2)
    assert reference.dense({4: 2, 1: 1}).tolist() == [0, 1, 0, 0, 2]
    assert reference.dense({}).tolist() == [0] * 5
    with pytest.raises(ValueError, match="bin 5: expected 0 to 4"):
        reference.dense({5: 1})


@pytest.mark.parametrize("quantiles", [[], [1.0], [2.0, 1.0], [0.0, float("nan")], [0.0, float("inf")]])
def test_what_are_no_quantiles_is_refused(quantiles: list[float]) -> None:
    with pytest.raises(ValueError, match="a reference: expected"):
        NumericReference.of(quantiles, rows=3)
