"""Profiling: the reference profile of one column, made of its values."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hallmark_common.profile import QUANTILES, CategoryProfile, NumberProfile, category_of

Value = bool | int | float | str | None


def profile_column(values: Sequence[Value]) -> NumberProfile | CategoryProfile | None:
    """Profile of one column, None being missing; numbers or categories by the values; None where all are missing."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    missing_ratio = 1 - len(there) / len(values)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        return _profile_numbers(np.array(there, dtype=np.float64), missing_ratio)
    counts = Counter(category_of(value) for value in there)
    return CategoryProfile(
        missing_ratio=missing_ratio,
        frequencies={name: count / len(there) for name, count in sorted(counts.items())},
    )


def _profile_numbers(values: np.ndarray[tuple[int], np.dtype[np.float64]], missing_ratio: float) -> NumberProfile:
    quantiles = np.quantile(values, np.linspace(0, 1, QUANTILES))
    # Quantiles are interpolated, and rounding can put neighbours out of order in the last bit.
    ordered = tuple(float(value) for value in np.maximum.accumulate(quantiles))
    return NumberProfile(
        missing_ratio=missing_ratio,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        std=float(values.std()),
        median=ordered[50],
        iqr=ordered[75] - ordered[25],
        quantiles=ordered,
    )
