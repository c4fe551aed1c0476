"""How well scores put positives above negatives, from two histograms of scores."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.estimate import Estimate

SCORE_BINS = 1000
"""Bins of equal width over 0 to 1; each holds its lower end, the last its upper end too."""


def score_bins(scores: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Bin of each score, 0 to ``SCORE_BINS - 1``, in the shape of ``scores``.

    Raises:
        ValueError: a score is outside 0 to 1, or not a number.
    """
    array = np.asarray(scores, dtype=np.float64)
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("expected scores of 0 to 1")
    return np.minimum(array * SCORE_BINS, SCORE_BINS - 1).astype(np.int64)


def auc(positives: Mapping[int, int], negatives: Mapping[int, int]) -> Estimate | None:
    """Share of pairs of a positive and a negative in which the positive scores higher, ties counting half; 0 to 1.

    The area under the ROC curve (Hanley & McNeil 1982, Radiology 143(1)) by the Mann-Whitney count, from counts by
    score bin. A pair that shares a bin counts half, so the value is off by at most half the share of such pairs. None
    unless there are both positives and negatives.
    """
    pairs = sum(positives.values()) * sum(negatives.values())
    if not pairs:
        return None
    above, shared, below = 0, 0, 0
    for each in sorted({*positives, *negatives}):
        above += positives.get(each, 0) * below
        shared += positives.get(each, 0) * negatives.get(each, 0)
        below += negatives.get(each, 0)
    return Estimate((2 * above + shared) / (2 * pairs), shared / (2 * pairs))
