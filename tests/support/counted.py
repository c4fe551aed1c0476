"""Exact sums, sketches and aggregates of numbers, made plainly: one value after the other."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.formulas.exact import to_fixed
from hallmark_qoa.metrics.formulas.sketch import Sketch, buckets_of


def fixed_sum(values: Any) -> int:
    """The sum in multiples of 2**-64."""
    return sum(to_fixed(value) for value in _floats(values))


def fixed_squares(values: Any) -> int:
    """The sum of squares in multiples of 2**-128."""
    return sum(to_fixed(value) ** 2 for value in _floats(values))


def sketch_of(values: Any) -> Sketch:
    return Sketch.of_buckets(Counter(buckets_of(np.asarray(values, dtype=np.float64)).tolist()).items())


def merged(aggregates: Iterable[Aggregate]) -> Aggregate:
    whole = Aggregate()
    for aggregate in aggregates:
        whole.merge(aggregate)
    return whole


def _floats(values: Any) -> list[float]:
    floats: list[float] = np.asarray(values, dtype=np.float64).tolist()
    return floats
