"""Who asks, within which trace: what web believes of a client over HTTP, and what it passes on."""

from typing import Any

import pytest

from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/models/m:predict"
BODY = {"instances": [1]}
SPAN = "POST /v1/models/{model}:predict"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


async def test_the_clients_trace_is_continued(web: Any, preprocess: Any) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}

    response = await web.http.post(PATH, json=BODY, headers=headers)

    told = response.json()
    assert told["trace_id"] == TRACE
    (span,) = await eventually(lambda: web.spans(told["prediction_id"], SPAN))
    assert f"{span.parent.span_id:016x}" == PARENT
    assert told["prediction_id"] == f"{TRACE}-{span.context.span_id:016x}"
    (call,) = web.spans(told["prediction_id"], "hallmark.preprocess.v1.PreprocessService/Predict")
    assert call.attributes["hallmark.calls"] == "preprocess"
    assert preprocess.metadata[0]["traceparent"].startswith(f"00-{TRACE}-{call.context.span_id:016x}-")
    assert preprocess.metadata[0]["tracestate"] == "vendor=1"


async def test_what_a_client_claims_in_baggage_is_not_believed(web: Any, preprocess: Any) -> None:
    headers = {"baggage": "hallmark.consumer=root,hallmark.prediction=forged,hallmark.other=1,team=blue"}

    response = await web.http.post(PATH, json=BODY, headers=headers)

    prediction_id = response.json()["prediction_id"]
    baggage = dict(entry.split("=") for entry in preprocess.metadata[0]["baggage"].split(","))
    assert baggage == {"team": "blue", "hallmark.prediction": prediction_id, "hallmark.consumer": "anonymous"}
    (span,) = await eventually(lambda: web.spans(prediction_id, SPAN))
    assert span.attributes["hallmark.consumer"] == "anonymous"


async def test_the_consumer_is_taken_from_the_header(web: Any, preprocess: Any) -> None:
    response = await web.http.post(PATH, json=BODY, headers={"hallmark-consumer": "dispatch office #7"})

    (span,) = await eventually(lambda: web.spans(response.json()["prediction_id"], SPAN))
    assert span.attributes["hallmark.consumer"] == "dispatch office #7"
    assert "dispatch" in preprocess.metadata[0]["baggage"]


@pytest.mark.usefixtures("preprocess")
async def test_the_span_follows_the_conventions(web: Any) -> None:
    response = await web.http.post(PATH + "?secret=1", json=BODY)

    (span,) = await eventually(lambda: web.spans(response.json()["prediction_id"], SPAN))
    settings = web.runtime.settings
    found = dict(span.attributes)
    assert found.pop("hallmark.prediction") == response.json()["prediction_id"]
    assert found.pop("hallmark.cpu_ms") > 0
    assert found == {
        "hallmark.stage": "web",
        "hallmark.status": "OK",
        "hallmark.consumer": "anonymous",
        "hallmark.model.name": "m",
        "http.request.method": "POST",
        "http.route": "/v1/models/{model}:predict",
        "http.response.status_code": 200,
        "url.path": PATH,
        "url.scheme": "http",
        "client.address": "127.0.0.1",
        "server.address": settings.host,
        "server.port": settings.web_http_port,
    }
    assert span.kind.name == "SERVER"


@pytest.mark.usefixtures("preprocess")
async def test_the_duration_is_measured_by_route(web: Any) -> None:
    await web.http.post(PATH, json=BODY)
    await web.http.post("/v1/models/made-up-name:predict", content=b"")

    points = [
        point
        for resource in web.metrics.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "http.server.request.duration"
        for point in metric.data.data_points
    ]
    by_status = {point.attributes["http.response.status_code"]: point for point in points}
    assert set(by_status) >= {200, 415}
    assert set(by_status[200].attributes) == {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "url.scheme",
    }
    assert by_status[200].explicit_bounds[0] == 0.005
    assert by_status[200].max < 60


async def test_other_routes_are_not_traced(own_web: Any) -> None:
    async with own_web() as own:
        for path in ("/healthz", "/readyz", "/openapi.json", "/no/such/path"):
            await own.web.http.get(path)
        await own.web.http.post("/v1/models/m:predict", json=BODY)
        exporter = own.web.exporter
    assert {span.name for span in exporter.get_finished_spans()} == {
        SPAN,
        "hallmark.preprocess.v1.PreprocessService/Predict",
    }
