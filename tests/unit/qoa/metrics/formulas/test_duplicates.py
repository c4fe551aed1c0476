"""How much of a table of counts is repetition."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.duplicates import duplicate_ratio


def test_repetition() -> None:
    assert duplicate_ratio({"a": 3, "b": 1, "c": 0}) == 0.5
    assert duplicate_ratio({"a": 1, "b": 1}) == 0.0
    assert duplicate_ratio({}) is None
    assert duplicate_ratio({"a": 0}) is None


@given(st.lists(st.sampled_from("abcdef"), min_size=1))
@settings(deadline=None)
def test_duplicates_are_what_a_set_leaves_out(values: list[str]) -> None:
    counts = {value: values.count(value) for value in values}
    assert duplicate_ratio(counts) == pytest.approx(1 - len(set(values)) / len(values))
