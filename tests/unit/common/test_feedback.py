"""Truths as JSON: any document is a truth or an error that names a field, and a truth is what was written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth, TruthOutcome
from hallmark_common.errors import HallmarkError
from hallmark_common.feedback import is_taken, outcome_to_dict, truth_from, value_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
FIELDS = st.sampled_from(["prediction_id", "value", "observed_at", "other"])


def tried(document: Any) -> PredictionTruth | HallmarkError:
    try:
        return truth_from(document, "truths[3]")
    except HallmarkError as error:
        return error


@given(JSON | st.dictionaries(FIELDS, JSON, max_size=4))
def test_any_document_is_a_truth_or_names_a_field(document: Any) -> None:
    told = tried(document)
    if isinstance(told, HallmarkError):
        assert told.metadata["field"].startswith("truths[3]")
        assert "\n" not in told.message
    else:
        assert told.prediction_id == document["prediction_id"]
        assert told.truth.value == value_text("value", document["value"])


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans() | st.lists(st.text()))
def test_what_is_no_text_is_read_again_as_it_was(value: object) -> None:
    assert json.loads(value_text("value", value)) == value


@given(st.text())
def test_a_text_is_itself(value: str) -> None:
    assert value_text("value", value) == value


@pytest.mark.parametrize(
    ("outcome", "taken"),
    [
        ("joined", True),
        ("waiting", True),
        ("repeated", True),
        ("corrected", True),
        ("superseded", True),
        ("expired", False),
        ("refused", False),
    ],
)
def test_which_outcomes_are_a_success(outcome: str, taken: bool) -> None:
    assert is_taken(TruthOutcome(outcome=outcome)) == taken


def test_an_outcome_as_json() -> None:
    assert outcome_to_dict("p", TruthOutcome(outcome="refused", reason="no")) == {
        "prediction_id": "p",
        "outcome": "refused",
        "reason": "no",
    }
