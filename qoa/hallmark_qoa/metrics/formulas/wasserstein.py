"""How far values of a number have moved on average from a reference: the earth mover's distance."""

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.estimate import Estimate
from hallmark_qoa.metrics.formulas.reference import Floats, NumericReference
from hallmark_qoa.metrics.formulas.sketch import ALPHA, Sketch


def wasserstein(reference: NumericReference, counts: npt.ArrayLike, sketch: Sketch) -> Estimate | None:
    """Area between the two distribution functions, in the unit of the values, at least 0.

    The first Wasserstein distance (Vallender 1974, Theory Probab. Appl. 18(4)), ``scipy.stats.wasserstein_distance``;
    None for no values, or where it is beyond floats.

    ``counts`` are those of the reference's bins, shape (bins,), ``sketch`` is of the same current values. Within the
    reference both functions are drawn straight between its points, so that what a straight line misses of a long tail
    it misses on both sides. Outside, the sketch says how far out values are. The error is the sum of

    - between two points, their distance times what the quantiles leave open of the reference there, mostly half a step,
      and times half the share of current values there;
    - outside, ``ALPHA / (1 - ALPHA)`` of the estimate of each value, divided by the count.
    """
    dense = np.asarray(counts, dtype=np.int64)
    count = int(dense.sum())
    if not count:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        inside, error = _inside(reference, np.cumsum(dense) / count)
        outside, moved = _outside(reference, int(dense[0]), int(dense[-1]), sketch)
        value, error = inside + outside / count, error + moved / count
    return Estimate(value, error) if np.isfinite([value, error]).all() else None


def wasserstein_normed(
    reference: NumericReference, counts: npt.ArrayLike, sketch: Sketch, std: float
) -> Estimate | None:
    """:func:`wasserstein` in standard deviations of the reference; None where that is 0.

    As Evidently has it, which takes 0.001 for a standard deviation below that.
    """
    distance = wasserstein(reference, counts, sketch)
    if distance is None or std <= 0:
        return None
    value, error = distance.value / std, distance.error / std
    return Estimate(value, error) if np.isfinite([value, error]).all() else None


def _inside(reference: NumericReference, current: Floats) -> tuple[float, float]:
    """Area between the first and the last point, and the most by which it may be off; from cumulative shares by bin."""
    expected, low, high = reference.cumulative, reference.least, reference.most
    widths = np.diff(reference.points)
    starts, ends = slice(1, -2, 2), slice(2, -1, 2)
    area = widths @ _mean_distance(expected[starts] - current[starts], expected[ends] - current[ends])
    # A growing function in a rectangle is farthest from a line in it where it is as low, or as high, as can be.
    middle = (expected[starts] + expected[ends]) / 2
    open_reference = np.maximum(middle - low[starts], high[ends] - middle)
    open_current = (current[ends] - current[starts]) / 2
    return float(area), float(widths @ (open_reference + open_current))


def _outside(reference: NumericReference, below: int, above: int, sketch: Sketch) -> tuple[float, float]:
    """Sum of the distances of values outside, ``below`` the first and ``above`` the last point, and of their errors."""
    estimates, counts = sketch.points()
    up_to = np.cumsum(counts)
    lowest = np.clip(below - (up_to - counts), 0, counts)
    highest = np.clip(up_to - (sketch.count - above), 0, counts)
    distances = lowest @ np.maximum(reference.points[0] - estimates, 0.0)
    distances += highest @ np.maximum(estimates - reference.points[-1], 0.0)
    return float(distances), float((lowest + highest) @ np.abs(estimates)) * ALPHA / (1 - ALPHA)


def _mean_distance(start: Floats, end: Floats) -> Floats:
    """Mean of ``|y|`` along a straight line from ``start`` to ``end``, elementwise."""
    left, right = np.abs(start), np.abs(end)
    both = left + right
    scale = np.where(both > 0, both, 1.0)
    # Where the line crosses zero there are two triangles, else one trapezium.
    crosses = (start < 0) != (end < 0)
    mean: Floats = np.where(crosses, (left * left + right * right) / scale, both) / 2
    return mean
