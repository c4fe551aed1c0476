"""Whether a forecast probability is what then happens: errors of calibration by bins of confidence.

Bins as in Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks", section 2:
``CONFIDENCE_BINS`` of equal width, each holding its upper end, the first its lower end too. Given the bins, every
figure is exact: sums of confidences are totals of :mod:`.exact`, in multiples of 2**-64.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas import exact

CONFIDENCE_BINS = 15

_UPPER_ENDS = np.arange(1, CONFIDENCE_BINS) / CONFIDENCE_BINS


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of similar confidence: how many, how many of them came true, and the total of their confidences."""

    count: int
    hits: int
    confidence_total: int


def confidence_bins(confidences: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Bin of each confidence, 0 to ``CONFIDENCE_BINS - 1``, in the shape of ``confidences``.

    Raises:
        ValueError: a confidence is outside 0 to 1, or not a number.
    """
    array = np.asarray(confidences, dtype=np.float64)
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("expected confidences of 0 to 1")
    return np.searchsorted(_UPPER_ENDS, array).astype(np.int64)


def expected_calibration_error(bins: Iterable[Bin]) -> float | None:
    """``sum(count / n * |hit ratio - mean confidence|)`` over the bins, 0 to 1 (equation 3); None for no values."""
    filled = _filled(bins)
    return exact.mean(sum(each.count for each in filled), sum(_gap(each) for each in filled))


def maximum_calibration_error(bins: Iterable[Bin]) -> float | None:
    """Largest ``|hit ratio - mean confidence|`` of a bin, 0 to 1 (equation 5); None for no values."""
    gaps = [exact.mean(each.count, _gap(each)) for each in _filled(bins)]
    return max((gap for gap in gaps if gap is not None), default=None)


def _filled(bins: Iterable[Bin]) -> list[Bin]:
    return [each for each in bins if each.count]


def _gap(each: Bin) -> int:
    return abs((each.hits << exact.FRACTION_BITS) - each.confidence_total)
