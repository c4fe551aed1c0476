"""Spread over segments, as fairlearn defines it."""

import pytest

from hallmark_qoa.metrics.formulas.spread import Segment, balance, difference


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
    assert difference([Segment(-1.7e308, 9), Segment(1.7e308, 9)]) is None
