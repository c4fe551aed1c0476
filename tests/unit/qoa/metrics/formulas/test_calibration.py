"""Calibration errors equal those of a plain implementation on the single confidences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.formulas.calibration import (
    CONFIDENCE_BINS,
    Bin,
    confidence_bins,
    expected_calibration_error,
    maximum_calibration_error,
)
from tests.support.counted import fixed_sum

PREDICTIONS = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.4, 1.0])), st.booleans()), min_size=1, max_size=40
)


def bins_of(confidences: Sequence[float], hits: Sequence[bool]) -> list[Bin]:
    confidences, hits = np.asarray(confidences), np.asarray(hits)
    which = confidence_bins(confidences)
    return [
        Bin(int(np.sum(which == k)), int(np.sum(hits[which == k])), fixed_sum(confidences[which == k]))
        for k in range(CONFIDENCE_BINS)
    ]


def plain_errors(confidences: Sequence[float], hits: Sequence[bool]) -> tuple[float, float]:
    """As in Guo et al. 2017: (k / 15, (k + 1) / 15], by comparing with each end in turn."""
    confidences, hits = np.asarray(confidences), np.asarray(hits)
    expected, gaps = 0.0, []
    for k in range(15):
        inside = (confidences > k / 15) & (confidences <= (k + 1) / 15) | ((k == 0) & (confidences == 0))
        if inside.any():
            gaps.append(abs(hits[inside].mean() - confidences[inside].mean()))
            expected += inside.mean() * gaps[-1]
    return expected, max(gaps)


def assert_equal_to_plain(confidences: Sequence[float], hits: Sequence[bool]) -> None:
    bins = bins_of(confidences, hits)
    expected, maximum = plain_errors(confidences, hits)
    assert expected_calibration_error(bins) == pytest.approx(expected, abs=1e-12)
    assert maximum_calibration_error(bins) == pytest.approx(maximum, abs=1e-12)


def test_real_confidences(wine: Any) -> None:
    assert_equal_to_plain(wine.scores, np.array(wine.truths) == np.array(wine.predicted))


@given(PREDICTIONS)
@settings(deadline=None)
def test_any_confidences(predictions: list[tuple[float, bool]]) -> None:
    assert_equal_to_plain([confidence for confidence, _ in predictions], [hit for _, hit in predictions])


def test_nothing_has_no_error() -> None:
    for bins in ([], [Bin(0, 0, 0)] * CONFIDENCE_BINS):
        assert expected_calibration_error(bins) is None
        assert maximum_calibration_error(bins) is None


def test_a_perfect_forecast_has_no_error() -> None:
    assert expected_calibration_error(bins_of([1.0, 1.0, 0.0], [True, True, False])) == 0.0


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        confidence_bins([confidence])
