"""Spread over segments, as fairlearn defines it, against the single predictions."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.spread import (
    Segment,
    balance,
    demographic_parity_difference,
    difference,
    equal_opportunity_difference,
)

PREDICTIONS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), min_size=1, max_size=60)
NAMES = {True: "yes", False: "no"}


def rates(groups: np.ndarray, chosen: np.ndarray, least: int) -> list[float]:
    """Share of the chosen in each group of enough."""
    means = [chosen[groups == name].mean() for name in "abc" if np.sum(groups == name) >= max(least, 1)]
    return [float(mean) for mean in means]


def apart(values: Sequence[float]) -> float | None:
    return max(values) - min(values) if len(values) > 1 else None


@given(PREDICTIONS, st.integers(0, 5))
@settings(deadline=None)
def test_parity_and_opportunity(predictions: list[tuple[str, bool, bool]], least: int) -> None:
    groups, truths, predicted = (np.array(column) for column in zip(*predictions, strict=True))
    counts = {name: Counter(NAMES[p] for g, _, p in predictions if g == name) for name in "abc"}
    parity = demographic_parity_difference(counts, "yes", least)
    assert parity == pytest.approx(apart(rates(groups, predicted, least)))
    tables = {name: Counter((NAMES[t], NAMES[p]) for g, t, p in predictions if g == name) for name in "abc"}
    opportunity = equal_opportunity_difference(tables, "yes", least)
    assert opportunity == pytest.approx(apart(rates(groups[truths], predicted[truths], least)))


def test_difference_and_balance() -> None:
    segments = [Segment(0.9, 100), Segment(0.6, 50), Segment(0.1, 3), Segment(None, 500)]
    assert difference(segments, 10) == pytest.approx(0.3)
    assert balance(segments, 10) == pytest.approx(2 / 3)
    assert difference(segments) == pytest.approx(0.8)


def test_what_is_not_defined_is_none() -> None:
    assert difference([]) is None
    assert difference([Segment(1.0, 9)]) is None
    assert difference([Segment(1.0, 9), Segment(None, 9), Segment(2.0, 1)], 2) is None
    assert balance([Segment(0.0, 9), Segment(0.0, 9)]) is None
    assert balance([Segment(-1.0, 9), Segment(1.0, 9)]) is None
    assert difference([Segment(-1.0, 9), Segment(1.0, 9)]) == 2.0
