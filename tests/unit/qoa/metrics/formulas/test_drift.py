"""Measures of drift over bins equal those of SciPy, and of Evidently where definitions agree."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import spatial, stats

from hallmark_qoa.metrics.formulas import drift
from hallmark_qoa.metrics.formulas.categories import align

COUNTS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=20)
EVERY: list[Callable[..., Any]] = [
    drift.psi, drift.kullback_leibler, drift.jensen_shannon, drift.total_variation, drift.hellinger, drift.chi_squared,
]  # fmt: skip


def shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum()


@given(COUNTS)
@settings(deadline=None)
def test_any_counts(pairs: list[tuple[int, int]]) -> None:
    reference, current = np.array(pairs).T
    if not reference.sum() or not current.sum():
        assert [measure(reference, current) for measure in EVERY] == [None] * len(EVERY)
        return
    r, c = shares(reference), shares(current)
    assert drift.jensen_shannon(r, current) == pytest.approx(spatial.distance.jensenshannon(r, c, 2), abs=1e-7)
    assert drift.total_variation(r, current) == pytest.approx(np.abs(r - c).sum() / 2, abs=1e-12)
    assert drift.hellinger(r, current) == pytest.approx(math.sqrt(max(0, 1 - np.sqrt(r * c).sum())), abs=1e-7)
    for measure in EVERY[:5]:
        value = measure(r, current)
        assert math.isfinite(value)
        assert value >= 0
        assert measure(r, 3 * current) == pytest.approx(value, abs=1e-12) or measure in EVERY[:2]
        assert measure(reference, reference) == pytest.approx(0, abs=1e-12)
    tested = drift.chi_squared(r, current)
    assert tested is None or 0 <= tested.p_value <= 1


@given(st.lists(st.tuples(st.integers(50, 1000), st.integers(0, 1000)), min_size=2, max_size=20))
@settings(deadline=None)
def test_chi_squared_is_that_of_scipy_where_no_bin_is_too_small(pairs: list[tuple[int, int]]) -> None:
    reference, current = np.array(pairs).T
    expected = shares(reference) * current.sum()
    if expected.min() < drift.LEAST_EXPECTED:
        return
    tested, theirs = drift.chi_squared(reference, current), stats.chisquare(current, expected)
    assert tested is not None
    assert tested.degrees == len(pairs) - 1
    assert tested.statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    assert tested.p_value == pytest.approx(theirs.pvalue, abs=1e-9)


def test_chi_squared_joins_small_bins() -> None:
    tested = drift.chi_squared([0.5, 0.46, 0.03, 0.01], [48, 48, 0, 4])
    theirs = stats.chisquare([48, 52], [50, 50])  # 3 + 1 expected are too few: with the next smallest, 46
    assert tested == drift.ChiSquared(pytest.approx(theirs.statistic), 1, pytest.approx(theirs.pvalue))  # type: ignore[arg-type]


def test_chi_squared_does_not_call_one_rare_value_drift() -> None:
    tested = drift.chi_squared([0.6, 0.4, 0.00002], [60, 39, 1])
    assert tested is not None
    assert tested.p_value > 0.5
    assert stats.chisquare([60, 39, 1], [59.9988, 39.9992, 0.002]).pvalue < 1e-100


def test_chi_squared_of_few_values_is_not_defined() -> None:
    assert drift.chi_squared([0.5, 0.5], [4, 3]) is None
    assert drift.chi_squared([1.0], [100]) is None


def test_an_empty_bin_of_few_values_is_half_a_value() -> None:
    of_ten = drift.psi([0.5, 0.45, 0.05], [5, 5, 0])
    assert of_ten == pytest.approx(0.05 * math.log(0.5 / 0.45))  # half of ten is the same 0.05
    of_many = drift.psi([0.5, 0.45, 0.05], [5 * 10**5, 5 * 10**5, 0])
    assert of_many == pytest.approx(0.05 * math.log(0.5 / 0.45) + (0.05 - 1e-4) * math.log(0.05 / 1e-4))


def test_a_bin_that_is_empty_on_both_sides_does_not_count() -> None:
    for measure in EVERY[:5]:
        assert measure([0.5, 0.5, 0.0], [5, 5, 0]) == 0
        assert measure([0.7, 0.3, 0.0], [5, 5, 0]) == measure([0.7, 0.3], [5, 5])


def test_a_new_bin_is_finite_and_large() -> None:
    assert drift.psi([1.0, 0.0], [90, 10]) == pytest.approx(0.1 * -math.log(0.9) + (0.1 - 1e-4) * math.log(0.1 / 1e-4))


def test_bins_of_both_sides_must_be_the_same() -> None:
    for measure in EVERY:
        with pytest.raises(ValueError, match="as many bins"):
            measure([0.5, 0.5], [1, 2, 3])


@pytest.fixture(scope="module")
def carriers() -> tuple[list[str], list[str]]:
    """Two samples of categories, of 6,000 values each so that empty bins count as Evidently's, one category new."""
    random = np.random.default_rng(2)
    before = random.choice(["UA", "B6", "EV", "DL"], 6000, p=[0.4, 0.3, 0.2, 0.1])
    after = random.choice(["UA", "B6", "EV", "WN"], 6000, p=[0.3, 0.35, 0.3, 0.05])
    return before.tolist(), after.tolist()


def test_categories_as_in_evidently(carriers: Any, evidently: Any) -> None:
    before, after = carriers
    aligned = align({name: count / len(before) for name, count in Counter(before).items()}, Counter(after))
    assert drift.psi(*aligned) == pytest.approx(evidently("psi", before, after, "cat"), rel=1e-9)
    # Evidently does not make the shares sum to 1 again but leaves that to SciPy, as we do.
    assert drift.kullback_leibler(*aligned) == pytest.approx(evidently("kl_div", before, after, "cat"), rel=1e-9)
    # Base e there, base 2 here.
    theirs = evidently("jensenshannon", before, after, "cat")
    assert drift.jensen_shannon(*aligned) == pytest.approx(theirs / math.sqrt(math.log(2)), rel=1e-9)
    assert drift.hellinger(*aligned) == pytest.approx(evidently("hellinger", before, after, "cat"), rel=1e-9)
    # A category that the reference does not know makes Evidently's statistic infinite; here it is joined to another.
    tested = drift.chi_squared(*aligned)
    assert tested is not None
    assert tested.p_value == pytest.approx(0, abs=1e-12)


def test_chi_squared_of_known_categories_as_in_evidently(carriers: Any, evidently: Any) -> None:
    before = carriers[0]
    aligned = align({name: count / len(before) for name, count in Counter(before).items()}, Counter(before[:300]))
    tested = drift.chi_squared(*aligned)
    assert tested is not None
    assert tested.p_value == pytest.approx(evidently("chi", before, before[:300], "cat"), abs=1e-9)


def test_numbers_as_in_evidently_over_its_bins(drifted: Any, evidently: Any) -> None:
    compared = {"psi": 0, "kl_div": 0}
    for column in drifted:
        if len(np.unique(column.reference)) <= 20:  # which Evidently takes for categories
            continue
        edges = np.histogram_bin_edges(np.append(column.reference, column.current), bins="sturges")
        reference, current = np.histogram(column.reference, edges)[0], np.histogram(column.current, edges)[0]
        theirs = evidently("jensenshannon", column.reference, column.current) / math.sqrt(math.log(2))
        assert drift.jensen_shannon(reference, current) == pytest.approx(theirs, rel=1e-9), column.name
        if (reference[reference > 0] <= 1e-4 * reference.sum()).any():
            continue  # Evidently fills empty bins with something smaller then
        current = 5000 * current  # so many that an empty bin counts as it does there
        theirs = evidently("psi", column.reference, column.current)
        assert drift.psi(reference, current) == pytest.approx(theirs, rel=1e-9), column.name
        compared["psi"] += 1
        if (reference + current).all():  # Evidently fills a bin that is empty on both sides too
            theirs = evidently("kl_div", column.reference, column.current)
            assert drift.kullback_leibler(reference, current) == pytest.approx(theirs, rel=1e-9), column.name
            compared["kl_div"] += 1
    assert min(compared.values()) >= 15
