"""Truths over HTTP: passed on as they are, their outcomes passed back, and one error for what is no truth."""

from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import TruthOutcome
from hallmark_common.errors import HallmarkError
from hallmark_common.feedback import MAX_TRUTHS

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/feedback"


async def test_one_truth(web: Any, qoa: Any) -> None:
    response = await web.http.post(
        PATH, json={"prediction_id": "a-b", "value": "late", "observed_at": "2013-07-01T12:00:00.5+02:00"}
    )

    assert response.status_code == 200
    assert response.json() == {"outcomes": [{"prediction_id": "a-b", "outcome": "joined", "reason": None}]}
    (told,) = qoa.truths
    assert (told.prediction_id, told.truth.value) == ("a-b", "late")
    assert told.truth.observed_at.ToJsonString() == "2013-07-01T10:00:00.500Z"


async def test_several_truths_each_with_its_outcome(web: Any, qoa: Any) -> None:
    qoa.outcome = TruthOutcome(outcome="refused", reason="value: no")

    response = await web.http.post(PATH, json={"truths": [{"prediction_id": p, "value": 1} for p in "ab"]})

    assert response.status_code == 200
    assert response.json()["outcomes"] == [
        {"prediction_id": p, "outcome": "refused", "reason": "value: no"} for p in "ab"
    ]
    assert not qoa.truths[0].truth.HasField("observed_at")


async def test_no_truth_is_none(web: Any, qoa: Any) -> None:
    response = await web.http.post(PATH, json={"truths": []})

    assert (response.status_code, response.json()) == (200, {"outcomes": []})
    assert qoa.truths == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"7"', "7"),
        ("7", "7"),
        ("-0.25", "-0.25"),
        ("true", "true"),
        ("false", "false"),
        ('["a", 1, null]', '["a",1,null]'),
        ('"größe"', "größe"),
        ('["ß"]', '["ß"]'),
        ('""', ""),
    ],
)
async def test_a_value_is_kept_as_its_text(web: Any, qoa: Any, value: str, text: str) -> None:
    body = f'{{"prediction_id": "a", "value": {value}}}'.encode()

    response = await web.http.post(PATH, content=body, headers={"content-type": "application/json"})

    assert response.status_code == 200
    assert qoa.truths[0].truth.value == text


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("body", "{"),
        ("body", "[]"),
        ("body", "7"),
        ("body", ""),
        ("body", '{"prediction_id": "a", "value": 1, "when": 2}'),
        ("body", '{"prediction_id": "a", "value": NaN}'),
        ("prediction_id", "{}"),
        ("prediction_id", '{"prediction_id": 7, "value": 1}'),
        ("prediction_id", '{"prediction_id": "\\ud800", "value": 1}'),
        ("value", '{"prediction_id": "a"}'),
        ("value", '{"prediction_id": "a", "value": null}'),
        ("value", '{"prediction_id": "a", "value": {"label": 1}}'),
        ("value", '{"prediction_id": "a", "value": 1e999}'),
        ("value", '{"prediction_id": "a", "value": "\\ud800"}'),
        ("value", '{"prediction_id": "a", "value": ["\\ud800"]}'),
        ("observed_at", '{"prediction_id": "a", "value": 1, "observed_at": "today"}'),
        ("observed_at", '{"prediction_id": "a", "value": 1, "observed_at": 7}'),
        ("truths", '{"truths": {}}'),
        ("truths", f'{{"truths": [{"0," * MAX_TRUTHS}0]}}'),
        ("value", '{"truths": [], "value": 1}'),
        ("truths[1]", '{"truths": [{"prediction_id": "a", "value": 1}, 7]}'),
        ("truths[1].value", '{"truths": [{"prediction_id": "a", "value": 1}, {"prediction_id": "a"}]}'),
    ],
)
async def test_what_is_no_truth_is_an_error_that_names_the_field(web: Any, qoa: Any, field: str, body: str) -> None:
    response = await web.http.post(PATH, content=body.encode(), headers={"content-type": "application/json"})

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["field"]) == ("INVALID_ARGUMENT", field)
    assert error["expected"]
    assert qoa.truths == []


async def test_a_lone_truth_that_the_engine_refuses_is_an_error(web: Any, qoa: Any) -> None:
    qoa.outcome = TruthOutcome(outcome="refused", reason="prediction_id: expected another, got 'a'")

    response = await web.http.post(PATH, json={"prediction_id": "a", "value": 1})

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["reason"], error["field"]) == ("TRUTH_REFUSED", "prediction_id")
    assert error["message"] == "prediction_id: expected another, got 'a'"


@pytest.mark.parametrize("outcome", ["waiting", "repeated", "superseded", "expired"])
async def test_every_other_outcome_is_none(web: Any, qoa: Any, outcome: str) -> None:
    qoa.outcome = TruthOutcome(outcome=outcome)

    response = await web.http.post(PATH, json={"prediction_id": "a", "value": 1})

    assert (response.status_code, response.json()["outcomes"][0]["outcome"]) == (200, outcome)


async def test_a_store_that_is_away_is_a_503(web: Any, qoa: Any) -> None:
    qoa.refusal = HallmarkError(grpc.StatusCode.UNAVAILABLE, "STORE_FAILED", "tell them again later")

    response = await web.http.post(PATH, json={"prediction_id": "a", "value": 1})

    assert response.status_code == 503
    assert response.json()["error"]["message"] == "tell them again later"
    assert response.headers["retry-after"]


async def test_an_engine_that_is_away_is_a_503(own_web: Any) -> None:
    async with own_web(qoa_target="127.0.0.1:1") as own:
        response = await own.web.http.post(PATH, json={"prediction_id": "a", "value": 1})

    assert response.status_code == 503
    assert response.json()["error"]["message"].startswith("qoa cannot be reached")


@pytest.mark.usefixtures("qoa")
async def test_only_json_of_a_bounded_size_is_read(web: Any) -> None:
    form = await web.http.post(PATH, data={"prediction_id": "a"})
    large = await web.http.post(PATH, json={"prediction_id": "a", "value": "x" * 65_536})
    got = await web.http.get(PATH)

    assert (form.status_code, form.json()["error"]["expected"]) == (415, "application/json")
    assert large.status_code == 413
    assert got.status_code == 405


async def test_telling_a_truth_is_no_prediction(web: Any, qoa: Any) -> None:
    response = await web.http.post(PATH, json={"prediction_id": "a", "value": 1})

    assert "hallmark-prediction-id" not in response.headers
    assert not [span for span in web.exporter.get_finished_spans() if span.attributes.get("http.route") == PATH]
    assert len(qoa.truths) == 1
