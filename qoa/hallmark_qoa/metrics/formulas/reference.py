"""What the quantiles of a reference say about its distribution, as bins in which current values are counted.

The bins are the distinct quantiles ("points") and the open intervals between and outside them: with k points, 2 k + 1
bins, in order. An even bin is an interval, an odd bin a point. So a current distribution is known exactly below and at
each point, and a value that makes up much of the reference (an atom: several quantiles are equal) has its own bin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NumericReference:
    """Distribution of a number in ``rows`` reference values, from its quantiles at 0 to 100 % in equal steps.

    ``quantiles`` has shape (steps + 1,), ``points`` the distinct ones, shape (k,). ``cumulative`` is the share of the
    reference up to and with each bin, shape (bins,), the best guess; ``least`` and ``most`` are what it can be, which
    differ by no more than ``1 / steps + 2 / rows``.
    """

    quantiles: Floats
    rows: int
    points: Floats
    cumulative: Floats
    least: Floats
    most: Floats

    @classmethod
    def of(cls, quantiles: Sequence[float], rows: int) -> "NumericReference":
        """From quantiles as ``numpy.quantile(values, numpy.linspace(0, 1, steps + 1))`` gives them.

        Raises:
            ValueError: there are fewer than two quantiles, not in order or not finite, or ``rows`` is below 1.
        """
        array = np.array(quantiles, dtype=np.float64) + 0.0  # -0.0 and 0.0 are one point
        if len(array) < 2 or not np.isfinite(array).all() or (array[1:] < array[:-1]).any() or rows < 1:
            raise ValueError("a reference: expected at least two finite quantiles in ascending order, and rows above 0")
        points = np.unique(array)
        first = np.searchsorted(array, points, side="left").astype(np.int64)
        last = np.searchsorted(array, points, side="right").astype(np.int64) - 1
        steps = len(array) - 1
        return cls(array, rows, points, _guess(first, last, steps), *_bounds(first, last, steps, rows))

    @property
    def steps(self) -> int:
        """Number of equal steps from the first quantile to the last."""
        return len(self.quantiles) - 1

    @property
    def bins(self) -> int:
        """Number of bins; the first holds what is below every reference value, the last what is above."""
        return 2 * len(self.points) + 1

    def shares(self) -> Floats:
        """Share of the reference in each bin, shape (bins,), summing to 1: differences of ``cumulative``."""
        return np.diff(self.cumulative, prepend=0.0)

    def bin_of(self, values: npt.ArrayLike) -> Integers:
        """Bin of each value, 0 to ``bins - 1``, in the shape of ``values``, which are finite."""
        array = np.asarray(values, dtype=np.float64)
        left = np.searchsorted(self.points, array, side="left")
        return (left + np.searchsorted(self.points, array, side="right")).astype(np.int64)

    def dense(self, counts: Mapping[int, int]) -> Integers:
        """Count of each bin, shape (bins,), from a table that leaves out empty ones.

        Raises:
            ValueError: the table has a bin that this reference does not, so it was counted against another.
        """
        unknown = sorted(each for each in counts if not 0 <= each < self.bins)
        if unknown:
            raise ValueError(f"bin {unknown[0]}: expected 0 to {self.bins - 1}; counted against another reference")
        dense = np.zeros(self.bins, dtype=np.int64)
        dense[list(counts)] = list(counts.values())
        return dense


def _guess(first: Integers, last: Integers, steps: int) -> Floats:
    """Share up to and with each bin, of points that equal the quantiles from ``first`` to ``last``.

    The distribution function rises at an atom from (first - 1/2) to (last + 1/2) steps: the middle of what is
    possible. A point that is no atom, even the minimum or maximum, is taken to have no share.
    """
    is_atom = last > first
    below = np.where(is_atom & (first > 0), first - 0.5, first)
    up_to = np.where(is_atom & (last < steps), last + 0.5, last)
    return _per_bin(below / steps, up_to / steps)


def _bounds(first: Integers, last: Integers, steps: int, rows: int) -> tuple[Floats, Floats]:
    """The least and the most that the share up to and with each bin can be.

    A quantile at i steps has at least that share at or below it and at most that share strictly below it, up to
    ``1 / rows`` for its interpolation between two values. Nothing is below the minimum or above the maximum.
    """
    slack = steps / rows
    is_inner_first, is_inner_last = first > 0, last < steps
    least = _per_bin(
        np.where(is_inner_first, np.maximum(0, first - 1 - slack), 0) / steps,
        np.where(is_inner_last, np.maximum(0, last - slack), steps) / steps,
    )
    most = _per_bin(
        np.where(is_inner_first, np.minimum(steps, first + slack), 0) / steps,
        np.where(is_inner_last, np.minimum(steps, last + 1 + slack), steps) / steps,
    )
    return least, most


def _per_bin(below: Floats, up_to: Floats) -> Floats:
    """Interleaved: below each point, up to it; and 1 above the last."""
    return np.append(np.column_stack((below, up_to)).ravel(), 1.0)
