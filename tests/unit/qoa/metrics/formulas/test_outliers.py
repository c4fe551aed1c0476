"""Values outside Tukey's fences, counted exactly and by the sketch within its error."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.outliers import are_outside, fences, outlier_ratio
from hallmark_qoa.metrics.formulas.rates import Interval
from hallmark_qoa.metrics.formulas.sketch import SMALLEST, Sketch

VALUES = st.lists(st.one_of(st.floats(-1e9, 1e9), st.integers(-3, 3).map(float)), min_size=1, max_size=60)


def sketch_of(values: Any) -> Sketch:
    sketch = Sketch()
    sketch.add_many(values)
    return sketch


@given(VALUES, st.one_of(st.floats(-10, 10), st.integers(-3, 3)), st.floats(0.001, 10))
@settings(deadline=None)
def test_the_sketch_encloses_the_exact_ratio(values: list[float], low: float, width: float) -> None:
    array = np.array(values)
    array[np.abs(array) < SMALLEST] = 0.0
    inside = Interval(low, low + width)
    ratio = outlier_ratio(sketch_of(array), inside)
    assert ratio is not None
    assert abs(ratio.value - are_outside(array, inside).mean()) <= ratio.error + 1e-12


def test_real_columns(drifted: Any) -> None:
    for column in drifted:
        inside = fences(*np.quantile(column.reference, [0.25, 0.75]).tolist())
        if inside is None:
            continue
        ratio = outlier_ratio(sketch_of(column.current), inside)
        assert ratio is not None
        exact = ((column.current < inside.low) | (column.current > inside.high)).mean()
        assert abs(ratio.value - exact) <= ratio.error + 1e-12, column.name
        assert ratio.error <= 0.1, column.name


def test_fences() -> None:
    assert fences(10.0, 14.0) == Interval(4.0, 20.0)
    assert fences(5.0, 5.0) is None
    assert fences(-1.7e308, 1.7e308) is None
    assert are_outside([3.9, 4.0, 20.0, 20.1], Interval(4.0, 20.0)).tolist() == [True, False, False, True]


def test_nothing_has_no_ratio() -> None:
    assert outlier_ratio(Sketch(), Interval(0.0, 1.0)) is None


def test_far_from_the_fences_it_is_exact() -> None:
    ratio = outlier_ratio(sketch_of([-5.0, 0.0, 1.0, 99.0]), Interval(-2.0, 2.0))
    assert ratio is not None
    assert (ratio.value, ratio.error) == (pytest.approx(0.5), 0.0)
