"""Figures: numbers of a window, and what they are measured from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.formulas.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Cell:
    """What is kept of one series, or several, in one window."""

    total: Aggregate
    """Of all records."""
    segments: Mapping[str, Aggregate] = field(default_factory=dict)
    """By segment, ``<dimension>=<value>``."""
    seconds: float = 0.0
    """Length of the window."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number."""

    value: float | None
    """None where it cannot be told from what there is; never NaN or infinite."""
    count: int
    """Samples that it is made of."""
    error: float = 0.0
    """The most by which value may be off, in its unit."""


NOTHING = Figure(None, 0)


def share(part: int, whole: int) -> Figure:
    """``part / whole``, exact."""
    return Figure(part / whole, whole) if whole else NOTHING


def estimated(estimate: Estimate | None, count: int) -> Figure:
    """Of an estimate, which may not be defined."""
    return Figure(None, count) if estimate is None else Figure(estimate.value, count, estimate.error)
