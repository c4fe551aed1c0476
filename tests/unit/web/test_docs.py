"""The API's documentation, the page, and the headers around them."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

import hallmark_web
from hallmark.qoa.v1 import quality_pb2
from hallmark_common.records import record_to_dict
from hallmark_web.feedback import parse_feedback
from hallmark_web.openapi import ANSWER_EXAMPLE, ERROR_EXAMPLE, FEEDBACK_BODY, FEEDBACK_EXAMPLE
from hallmark_web.schemas import (
    ErrorAnswer,
    FeedbackAnswer,
    HealthAnswer,
    ModelsAnswer,
    PredictAnswer,
    ReadyAnswer,
    RecordsAnswer,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/models/m:predict"


async def test_the_openapi_document_is_valid_and_whole(web: Any) -> None:
    document = (await web.http.get("/openapi.json")).json()

    OpenAPI.model_validate(document)
    names = set(document["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/(\w+)", str(document))) <= names
    assert set(document["paths"]) == {
        "/v1/models/{model}:predict",
        "/v1/models",
        "/v1/records",
        "/v1/records:watch",
        "/v1/records/{prediction_id}",
        "/v1/feedback",
        "/healthz",
        "/readyz",
    }


async def test_both_bodies_the_answers_and_the_errors_are_described(web: Any) -> None:
    predict = (await web.http.get("/openapi.json")).json()["paths"]["/v1/models/{model}:predict"]["post"]

    bodies = predict["requestBody"]["content"]
    assert set(bodies) == {"application/json", "multipart/form-data"}
    assert bodies["application/json"]["schema"]["required"] == ["instances"]
    assert set(bodies["application/json"]["schema"]["properties"]) == {"instances", "event_time", "version"}
    assert bodies["multipart/form-data"]["schema"]["required"] == ["image"]
    assert set(predict["responses"]) == {"200", "400", "404", "413", "415", "429", "500", "503", "504"}
    assert {parameter["name"] for parameter in predict["parameters"]} == {"model", "hallmark-consumer"}
    for status, response in predict["responses"].items():
        model = "PredictAnswer" if status == "200" else "ErrorAnswer"
        assert response["content"]["application/json"]["schema"]["$ref"].endswith(model)


async def test_examples_are_as_described() -> None:
    PredictAnswer.model_validate(ANSWER_EXAMPLE)
    ErrorAnswer.model_validate(ERROR_EXAMPLE)
    FeedbackAnswer.model_validate(FEEDBACK_EXAMPLE)
    for example in FEEDBACK_BODY["content"]["application/json"]["examples"].values():
        assert parse_feedback(example["value"]).truths


@pytest.mark.usefixtures("preprocess")
async def test_answers_are_as_described(web: Any, qoa: Any) -> None:
    qoa.records.append(quality_pb2.QualityRecord(prediction_id="x", stages=[quality_pb2.Stage(name="web")]))
    for response, described in (
        (await web.http.post(PATH, json={"instances": [1]}), PredictAnswer),
        (await web.http.post(PATH, json={}), ErrorAnswer),
        (await web.http.post("/v1/feedback", json={"prediction_id": "x", "value": 1}), FeedbackAnswer),
        (await web.http.get("/v1/models"), ModelsAnswer),
        (await web.http.get("/v1/records"), RecordsAnswer),
        (await web.http.get("/healthz"), HealthAnswer),
        (await web.http.get("/readyz"), ReadyAnswer),
    ):
        described.model_validate(response.json())
    assert record_to_dict(qoa.records[0]) == (await web.http.get("/v1/records")).json()["records"][0]


async def test_the_documentation_needs_no_internet(web: Any) -> None:
    page = await web.http.get("/docs")

    assert page.status_code == 200
    assert "http" not in page.text.replace("hallmark", "")
    links = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(links) == 3
    for link in links:
        found = await web.http.get(link)
        assert found.status_code == 200
        assert len(found.content) > 50
    assert "/openapi.json" in (await web.http.get("/docs/start.js")).text


@pytest.mark.parametrize("path", ["/", "/records/x-y", "/docs", "/healthz", "/no", "/v1/models"])
async def test_every_answer_has_the_security_headers(web: Any, path: str) -> None:
    headers = (await web.http.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "script-src" not in policy
    assert ("unsafe-inline" in policy) == (path == "/docs")


@pytest.mark.parametrize(("path", "file"), [("/", "index.html"), ("/records/some-prediction", "record.html")])
async def test_the_pages_are_served(web: Any, path: str, file: str) -> None:
    response = await web.http.get(path)

    static = Path(hallmark_web.__file__).parent / "static"
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.content == (static / file).read_bytes()
    assert (await web.http.get(f"/static/{file}")).content == response.content
