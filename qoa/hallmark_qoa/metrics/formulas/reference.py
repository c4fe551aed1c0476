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

    ``quantiles`` has shape (steps + 1,), ``points`` the distinct ones, shape (k,); ``first`` and ``last`` say which
    quantiles equal each point. A share between two points is known up to ``1 / steps + 1 / rows`` at worst, at a point
    of continuous data up to ``1 / rows``.
    """

    quantiles: Floats
    rows: int
    points: Floats
    first: Integers
    last: Integers

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
        return cls(array, rows, points, first, last)

    @property
    def steps(self) -> int:
        """Number of equal steps from the first quantile to the last."""
        return len(self.quantiles) - 1

    @property
    def bins(self) -> int:
        """Number of bins; the first holds what is below every reference value, the last what is above."""
        return 2 * len(self.points) + 1

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

    def cumulative(self) -> Floats:
        """Share of the reference up to and with each bin, shape (bins,), the best guess of the quantiles.

        Of quantiles i to j that equal an atom, its distribution function rises from (i - 1/2) to (j + 1/2) steps: the
        middle of what is possible. A point that is no atom is taken to have no share.
        """
        half = np.where(self.last > self.first, 0.5, 0.0)
        below = np.where(self.first == 0, 0.0, self.first - half)
        up_to = np.where(self.last == self.steps, self.steps, self.last + half)
        # A single quantile at either end is the minimum or maximum of continuous values: no step there either.
        return _per_bin(below / self.steps, np.where(self._is_atom, up_to, below) / self.steps)

    def shares(self) -> Floats:
        """Share of the reference in each bin, shape (bins,), summing to 1: differences of :meth:`cumulative`."""
        return np.diff(self.cumulative(), prepend=0.0)

    def cumulative_bounds(self) -> tuple[Floats, Floats]:
        """The least and the most that the share up to and with each bin can be, each of shape (bins,).

        A quantile at i steps has at least that share at or below it and at most that share strictly below it, up to
        ``1 / rows`` for its interpolation between two values.
        """
        slack = 1 / self.rows
        inner_first, inner_last = self.first > 0, self.last < self.steps
        low = _per_bin(
            np.where(inner_first, np.maximum(0, (self.first - 1) / self.steps - slack), 0.0),
            np.where(inner_last, np.maximum(0, self.last / self.steps - slack), 1.0),
        )
        high = _per_bin(
            np.where(inner_first, np.minimum(1, self.first / self.steps + slack), 0.0),
            np.where(inner_last, np.minimum(1, (self.last + 1) / self.steps + slack), 1.0),
        )
        return low, high

    @property
    def _is_atom(self) -> npt.NDArray[np.bool_]:
        return self.last > self.first


def _per_bin(below: Floats, up_to: Floats) -> Floats:
    """Interleaved: below each point, up to it; and 1 above the last."""
    return np.append(np.column_stack((below, up_to)).ravel(), 1.0)
