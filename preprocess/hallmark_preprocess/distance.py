"""How far the data of a request is from the reference profile, and where it leaves it.

Each value has a distance of 0 (typical) to :data:`LIMIT`:

- A number: ``|x - median| / (IQR / 1.349)``, the robust z-score; IQR / 1.349 estimates the standard deviation of a
  normal distribution, whose quartiles are 1.349 standard deviations apart (Rousseeuw & Croux 1993, J. Am. Stat.
  Assoc. 88(424), on robust scale). Where the IQR is 0 the standard deviation takes its place, and where that is 0 too
  every other value is at the limit.
- A category: surprisal ``-log2(p)`` in bits beyond what is expected of it, the entropy ``-sum(p log2 p)`` of the
  profile, and at least 0 (Shannon 1948, Bell Syst. Tech. J. 27, section 6); one never seen is at the limit.

A missing value has none. The distance of a column is the mean over its values, that of a request the mean over its
columns.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hallmark_common.profile import CategoryProfile, NumberProfile, Profile, category_of
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.table import Cell

LIMIT = 10.0
"""Distances are clipped here, so that one wild value does not hide the others."""

IQR_OF_NORMAL = 1.349


def distance(profile: Profile, columns: Mapping[str, Sequence[Cell]]) -> float | None:
    """Mean distance of a request; None where no value of it can be compared."""
    means = [
        float(np.mean(distances))
        for name, reference in profile.columns.items()
        if (distances := _distances(reference, columns.get(name, ())))
    ]
    return float(np.mean(means)) if means else None


def find_departures(profile: Profile, columns: Mapping[str, Sequence[Cell]], findings: Findings) -> None:
    """Record numbers outside the profile's minimum and maximum, and categories that it has not seen.

    A column whose categories the schema already found wrong is left alone.
    """
    known = {violation.field for violation in findings.violations() if violation.kind == "category"}
    for name, reference in profile.columns.items():
        values = [value for value in columns.get(name, ()) if value is not None]
        if isinstance(reference, NumberProfile):
            outside = sum(not reference.minimum <= float(value) <= reference.maximum for value in values)
            findings.add("reference_range", name, outside)
        elif name not in known:
            findings.add("category", name, sum(category_of(value) not in reference.frequencies for value in values))


def number_distance(value: float, reference: NumberProfile) -> float:
    """Robust z-score of a number, 0 to LIMIT."""
    scale = reference.iqr / IQR_OF_NORMAL or reference.std
    deviation = abs(value - reference.median)
    if scale == 0:
        return LIMIT if deviation else 0.0
    return min(deviation / scale, LIMIT)


def category_distance(category: str, reference: CategoryProfile) -> float:
    """Surprisal of a category beyond the entropy of the profile, in bits, 0 to LIMIT."""
    share = reference.frequencies.get(category)
    if share is None:
        return LIMIT
    entropy = -sum(p * math.log2(p) for p in reference.frequencies.values())
    return min(max(-math.log2(share) - entropy, 0.0), LIMIT)


def _distances(reference: NumberProfile | CategoryProfile, values: Sequence[Cell]) -> list[float]:
    there = [value for value in values if value is not None]
    if isinstance(reference, NumberProfile):
        return [number_distance(float(value), reference) for value in there]
    memo = {category: category_distance(category, reference) for category in {category_of(value) for value in there}}
    return [memo[category_of(value)] for value in there]
