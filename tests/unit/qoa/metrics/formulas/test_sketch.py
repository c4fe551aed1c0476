"""A sketch is the same for every order and split, and its quantiles are within its stated accuracy."""

import itertools
import json
import sys
from typing import Any

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.sketch import ALPHA, SMALLEST, Sketch
from tests.support.counted import sketch_of

QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(FINITE, st.sampled_from([0.0, -0.0, 1.0, -1.0, SMALLEST, 1e300])), max_size=60)


def assert_close(estimate: float | None, value: float) -> None:
    assert estimate is not None
    assert abs(estimate - value) <= ALPHA * abs(value) * (1 + 1e-12) + (SMALLEST if abs(value) < SMALLEST else 0)


@given(VALUES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_and_split_do_not_matter(values: list[float], random: Any) -> None:
    shuffled = random.sample(values, len(values))
    merged = Sketch()
    for ends in itertools.pairwise(sorted([0, *random.choices(range(len(values) + 1), k=2), len(values)])):
        merged.merge(sketch_of(shuffled[slice(*ends)]))
    assert merged == sketch_of(values)
    assert merged.encode() == sketch_of(values).encode()
    assert merged.count == len(values)


@given(VALUES.filter(bool), st.floats(0, 1))
@example([sys.float_info.max, -sys.float_info.max, 5e-324], 0.5)
@settings(deadline=None)
def test_quantiles_are_those_of_numpy_within_the_accuracy(values: list[float], q: float) -> None:
    sketch = sketch_of(values)
    assert_close(sketch.quantile(q), float(np.quantile(values, q, method="lower")))


@given(VALUES)
@settings(deadline=None)
def test_encoding_survives_json(values: list[float]) -> None:
    sketch = sketch_of(values)
    decoded = Sketch.decode(json.loads(json.dumps(sketch.encode())))
    assert (decoded, decoded.count) == (sketch, sketch.count)


def test_nothing_has_no_quantile() -> None:
    sketch = sketch_of([])
    assert (sketch.quantile(0.5), sketch.count) == (None, 0)
    with pytest.raises(ValueError, match="quantile"):
        sketch.quantile(1.1)


def test_points_stand_for_every_value() -> None:
    estimates, counts = sketch_of([-2.0, 0.0, 0.0, 5.0]).points()
    np.testing.assert_allclose(estimates, [-2.0, 0.0, 5.0], rtol=ALPHA)
    assert counts.tolist() == [1, 2, 1]


@pytest.mark.parametrize("shape", ["lognormal", "normal", "pareto", "integers"])
def test_as_accurate_as_the_reference_implementation(shape: str) -> None:
    random = np.random.default_rng(7)
    values = {
        "lognormal": random.lognormal(3, 2, 20_000),
        "normal": random.normal(0, 1, 20_000),
        "pareto": random.pareto(1, 20_000),
        "integers": random.integers(-50, 50, 20_000).astype(np.float64),
    }[shape]
    theirs = DDSketch(ALPHA)
    for value in values.tolist():
        theirs.add(value)
    ours = sketch_of(values)
    for q in QUANTILES:
        exact = float(np.quantile(values, q, method="lower"))
        assert_close(ours.quantile(q), exact)
        assert abs(ours.quantile(q) - theirs.get_quantile_value(q)) <= 2 * ALPHA * abs(exact) * (1 + 1e-9)  # type: ignore[operator]
