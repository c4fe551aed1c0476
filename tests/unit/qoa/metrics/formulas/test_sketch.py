"""A sketch is the same for every order and split, and its quantiles are within its stated accuracy."""

import json
import math
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.sketch import ALPHA, SMALLEST, Sketch, buckets_of

QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(FINITE, st.sampled_from([0.0, -0.0, 1.0, -1.0, SMALLEST, 1e300])), max_size=60)


def sketch_of(values: Any) -> Sketch:
    sketch = Sketch()
    sketch.add_many(values)
    return sketch


def assert_close(estimate: float | None, value: float) -> None:
    assert estimate is not None
    assert abs(estimate - value) <= ALPHA * abs(value) * (1 + 1e-12) + (SMALLEST if abs(value) < SMALLEST else 0)


@given(VALUES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_and_split_do_not_matter(values: list[float], random: Any) -> None:
    shuffled = random.sample(values, len(values))
    parts = [Sketch() for _ in range(3)]
    for value in shuffled[::2]:
        random.choice(parts).add(value)
    random.choice(parts).add_many(np.array(shuffled[1::2]))
    random.shuffle(parts)
    merged = Sketch()
    for part in parts:
        merged.merge(part)
    assert merged == sketch_of(values)
    assert merged.encode() == sketch_of(values).encode()
    assert merged.count == len(values)


@given(VALUES.filter(bool), st.floats(0, 1))
@example([sys.float_info.max, -sys.float_info.max, 5e-324], 0.5)
@settings(deadline=None)
def test_quantiles_are_those_of_numpy_within_the_accuracy(values: list[float], q: float) -> None:
    sketch = sketch_of(values)
    assert_close(sketch.quantile(q), float(np.quantile(values, q, method="lower")))
    assert_close(sketch.minimum(), min(values))
    assert_close(sketch.maximum(), max(values))


@given(VALUES, st.one_of(st.floats(allow_nan=False), st.sampled_from([0.0, 1.0, -1.0])), st.integers(0, 59))
@settings(deadline=None)
def test_count_at_most_encloses_the_true_count(values: list[float], other: float, index: int) -> None:
    sketch = sketch_of(values)
    values = [0.0 if abs(value) < SMALLEST else value for value in values]
    near = [math.nextafter(value, towards) for value in values[index : index + 1] for towards in (-math.inf, math.inf)]
    for threshold in [other, *values[index : index + 1], *near]:
        certain, possible = sketch.count_at_most(threshold)
        assert certain <= sum(value <= threshold for value in values) <= possible
        close = sum(abs(value - threshold) <= 2.1 * ALPHA * abs(threshold) for value in values)
        assert possible - certain <= close


def test_count_at_most_is_certain_away_from_the_threshold() -> None:
    sketch = sketch_of([-3.0, -1.0, 0.0, 1.0, 3.0])
    assert [sketch.count_at_most(at) for at in (-math.inf, -2, -0.5, 0, 0.5, 2, math.inf)] == [
        (0, 0), (1, 1), (2, 2), (3, 3), (3, 3), (4, 4), (5, 5),
    ]  # fmt: skip
    assert sketch.count_at_most(-1e-13) == (2, 2)


@given(VALUES)
@settings(deadline=None)
def test_encoding_survives_json(values: list[float]) -> None:
    sketch = sketch_of(values)
    decoded = Sketch.decode(json.loads(json.dumps(sketch.encode())))
    assert (decoded, decoded.count) == (sketch, sketch.count)


@given(VALUES)
@settings(deadline=None)
def test_it_can_be_made_of_counted_buckets(values: list[float]) -> None:
    counts = Counter(buckets_of(np.array(values, dtype=np.float64)).tolist())
    assert Sketch.of_buckets(counts.items()) == sketch_of(values)
    assert Sketch.of_buckets(counts.items()).count == len(values)


@pytest.mark.parametrize(
    "encoded",
    [
        [],
        [[1]],
        [[1], []],
        [[1, 0], [1, 1]],
        [[1], [0]],
        [[1], [-1]],
        [[10**6], [1]],
        [[-(10**6)], [1]],
        [3, 4],
        [["a", "b"], [1, 2]],
    ],
)
def test_what_is_no_encoding_is_refused(encoded: Any) -> None:
    with pytest.raises(ValueError, match="a sketch: expected"):
        Sketch.decode(encoded)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_and_nothing_is_counted(value: float) -> None:
    sketch = Sketch()
    with pytest.raises(ValueError, match="finite"):
        sketch.add(value)
    with pytest.raises(ValueError, match="finite"):
        sketch.add_many([1.0, value])
    assert sketch == Sketch()


def test_nothing_has_no_quantile() -> None:
    sketch = sketch_of([])
    assert (sketch.quantile(0.5), sketch.minimum(), sketch.maximum(), sketch.count) == (None, None, None, 0)
    assert sketch.count_at_most(1.0) == (0, 0)
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
