"""Tukey's fences, and what is outside of them."""

from hallmark_qoa.metrics.formulas.outliers import Interval, are_outside, fences


def test_fences() -> None:
    assert fences(10.0, 14.0) == Interval(4.0, 20.0)
    assert fences(5.0, 5.0) is None
    assert fences(-1.7e308, 1.7e308) is None


def test_what_is_on_a_fence_is_inside() -> None:
    assert are_outside([3.9, 4.0, 20.0, 20.1], Interval(4.0, 20.0)).tolist() == [True, False, False, True]
