"""Counting a replay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.preprocess.v1.preprocess_pb2 import Classes, Number, Prediction, Probability
from hallmark_cli.replay.tally import Tally, percentile

LATE = Prediction(probability=Probability(label="late", probability=0.7, positive=True, event="late"))
ON_TIME = Prediction(probability=Probability(label="on time", probability=0.2, event="late"))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], share: int) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)


def test_classes_are_judged_by_their_label() -> None:
    tally = Tally()
    tally.answered(5.0, Prediction(classes=Classes(label="7")), "7")
    tally.answered(7.0, Prediction(classes=Classes(label="1")), "7")
    tally.failed("RESOURCE_EXHAUSTED")
    assert tally.summary(2.0) == {
        "sent": 3,
        "ok": 2,
        "failed": {"RESOURCE_EXHAUSTED": 1},
        "duration_s": 2.0,
        "rate": 1.5,
        "latency_ms": {"p50": 5.0, "p90": 7.0, "p99": 7.0},
        "accuracy": 0.5,
        "mean_absolute_error": None,
    }


@pytest.mark.parametrize(
    ("prediction", "truth", "accuracy"),
    [(LATE, "late", 1.0), (LATE, "on time", 0.0), (ON_TIME, "on time", 1.0), (ON_TIME, "late", 0.0)],
)
def test_an_event_is_judged_by_whether_it_happened(prediction: Prediction, truth: str, accuracy: float) -> None:
    tally = Tally()
    tally.answered(1.0, prediction, truth)
    assert tally.summary(1.0)["accuracy"] == accuracy


def test_numbers_have_an_error_and_no_accuracy() -> None:
    tally = Tally()
    tally.answered(1.0, Prediction(number=Number(value=4.0)), "5")
    tally.answered(1.0, Prediction(number=Number(value=4.0)), "1")
    summary = tally.summary(1.0)
    assert summary["mean_absolute_error"] == 2.0
    assert summary["accuracy"] is None


def test_without_truth_nothing_is_judged() -> None:
    tally = Tally()
    tally.answered(1.0, LATE, None)
    tally.answered(1.0, None, "late")
    assert tally.summary(1.0)["accuracy"] is None
    assert Tally().summary(0.0)["latency_ms"] == {"p50": None, "p90": None, "p99": None}
