"""A prediction over REST."""

import asyncio
import json
from typing import Any

import grpc
import pytest

from hallmark_common.errors import HallmarkError, invalid, not_found, too_large
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"instances": [{"distance": 1400, "carrier": "UA"}]}
SPAN = "POST /v1/models/{model}:predict"


async def test_json_reaches_preprocess_and_its_answer_comes_back(web: Any, preprocess: Any) -> None:
    response = await web.http.post("/v1/models/flights:predict", json=BODY)

    assert response.status_code == 200
    told = response.json()
    assert told["prediction"] == {"value": 2.5, "unit": "min"}
    assert told["model"] == {"name": "flights", "version": "1", "variant": "default"}
    assert [stage["name"] for stage in told["quality"]["stages"]] == ["web", "preprocess", "inference"]
    assert told["prediction_id"].startswith(told["trace_id"] + "-")
    assert response.headers["hallmark-prediction-id"] == told["prediction_id"]
    assert response.headers["traceparent"].startswith(f"00-{told['prediction_id']}-0")
    assert json.loads(preprocess.requests[0].input.json) == BODY["instances"]
    assert preprocess.requests[0].model == "flights"
    assert not preprocess.requests[0].HasField("event_time")


async def test_numbers_and_text_of_instances_arrive_unchanged(web: Any, preprocess: Any) -> None:
    instances = [{"großes ☃": [1e-320, 0.1, -0.0, 2**63, 12345678901234567890], "half": "\ud800", "null": None}]

    body = json.dumps({"instances": instances})
    await web.http.post("/v1/models/m:predict", content=body, headers={"content-type": "application/json"})

    assert json.loads(preprocess.requests[0].input.json) == instances


async def test_several_instances_are_answered_by_a_list(web: Any, preprocess: Any, answer: Any) -> None:
    async def twice(request: Any) -> Any:
        found = answer(request)
        found.predictions.append(found.predictions[0])
        return found

    preprocess.behave = twice
    response = await web.http.post("/v1/models/m:predict", json=BODY)

    assert response.json()["prediction"] == [{"value": 2.5, "unit": "min"}] * 2


async def test_multipart_images_arrive_byte_for_byte_in_order(web: Any, preprocess: Any) -> None:
    images = [bytes(range(256)) * 90, b"\r\n--not the boundary\r\n"]
    files = [("image", (f"{number}.png", image)) for number, image in enumerate(images)]

    response = await web.http.post(
        "/v1/models/digits:predict", files=files, data={"version": "2", "event_time": "2013-07-01T12:00:00Z"}
    )

    assert response.status_code == 200
    assert list(preprocess.requests[0].input.images.files) == images
    assert preprocess.requests[0].version == "2"
    assert preprocess.requests[0].event_time.seconds == 1372680000


async def test_event_time_and_version_are_passed_on_and_put_on_the_span(web: Any, preprocess: Any) -> None:
    body = {**BODY, "event_time": "2013-07-01T14:00:00.5+02:00", "version": "7"}

    response = await web.http.post("/v1/models/flights:predict", json=body)

    assert preprocess.requests[0].event_time.ToJsonString() == "2013-07-01T12:00:00.500Z"
    assert preprocess.requests[0].version == "7"
    (span,) = await eventually(lambda: web.spans(response.json()["prediction_id"], SPAN))
    assert span.attributes["hallmark.event_time"] == 1372680000_500000000


@pytest.mark.parametrize("event_time", ["1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
async def test_an_event_out_of_time_is_refused(web: Any, preprocess: Any, event_time: str) -> None:
    response = await web.http.post("/v1/models/flights:predict", json={**BODY, "event_time": event_time})

    assert response.status_code == 400
    assert response.json()["error"]["field"] == "event_time"
    assert not preprocess.requests


async def test_the_call_of_preprocess_has_a_deadline(web: Any, preprocess: Any) -> None:
    await web.http.post("/v1/models/m:predict", json=BODY)

    # gRPC rounds a timeout up when it writes it into a header.
    assert 0 < preprocess.remaining_s[0] <= web.runtime.settings.request_timeout_s * 1.05


ERRORS = [
    (invalid("carrier", "one of UA", "'ZZ'"), 400),
    (HallmarkError(grpc.StatusCode.OUT_OF_RANGE, "R", "m"), 400),
    (HallmarkError(grpc.StatusCode.FAILED_PRECONDITION, "R", "m"), 400),
    (not_found("model", "x", ["digits"]), 404),
    (too_large("instances", "16", "17"), 413),
    (HallmarkError(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "m"), 429),
    (HallmarkError(grpc.StatusCode.UNAUTHENTICATED, "R", "m"), 401),
    (HallmarkError(grpc.StatusCode.PERMISSION_DENIED, "R", "m"), 403),
    (HallmarkError(grpc.StatusCode.DEADLINE_EXCEEDED, "R", "m"), 504),
    (HallmarkError(grpc.StatusCode.UNAVAILABLE, "R", "m"), 503),
    (HallmarkError(grpc.StatusCode.CANCELLED, "R", "m"), 499),
    (HallmarkError(grpc.StatusCode.UNIMPLEMENTED, "R", "m"), 501),
    (HallmarkError(grpc.StatusCode.INTERNAL, "R", "m"), 500),
    (HallmarkError(grpc.StatusCode.UNKNOWN, "R", "m"), 500),
    (HallmarkError(grpc.StatusCode.DATA_LOSS, "R", "m"), 500),
    (HallmarkError(grpc.StatusCode.ABORTED, "R", "m"), 500),
    (HallmarkError(grpc.StatusCode.ALREADY_EXISTS, "R", "m"), 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=[f"{e.code.name}-{e.reason}" for e, _ in ERRORS])
async def test_an_error_of_preprocess_is_told_as_it_is(
    web: Any, preprocess: Any, error: HallmarkError, status: int
) -> None:
    async def fail(_request: Any) -> Any:
        raise error

    preprocess.behave = fail
    response = await web.http.post("/v1/models/flights:predict", json=BODY)

    assert response.status_code == status
    told = response.json()
    assert told["error"] == {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        **{key: error.metadata.get(key, "") for key in ("field", "expected", "got")},
    }
    assert told["prediction_id"] == response.headers["hallmark-prediction-id"]
    assert ("retry-after" in response.headers) == (status in {429, 503})
    (span,) = await eventually(lambda: web.spans(told["prediction_id"], SPAN))
    assert span.attributes["hallmark.status"] == error.code.name
    assert span.attributes["hallmark.reason"] == error.reason
    assert span.attributes["http.response.status_code"] == status
    assert span.status.is_ok == (status < 500)
    assert ("error.type" in span.attributes) == (status >= 500)


async def test_a_fault_of_preprocess_leaks_nothing(web: Any, preprocess: Any) -> None:
    async def fail(_request: Any) -> Any:
        raise RuntimeError("secret path")

    preprocess.behave = fail
    response = await web.http.post("/v1/models/m:predict", json=BODY)

    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL"
    assert "secret" not in response.text


async def test_an_answer_too_late_is_a_504(own_web: Any, stop_on_hang: asyncio.Event) -> None:
    async with own_web(request_timeout_s=0.05) as own:
        own.preprocess.hold(stop_on_hang)
        response = await own.web.http.post("/v1/models/m:predict", json=BODY)

    assert response.status_code == 504
    assert response.json()["error"]["reason"] == "DEADLINE_EXCEEDED"


async def test_no_preprocess_is_a_503_without_addresses(own_web: Any) -> None:
    async with own_web(peers=False) as own:
        response = await own.web.http.post("/v1/models/m:predict", json=BODY)

        assert response.status_code == 503
        assert "preprocess" in response.json()["error"]["message"]
        assert str(own.web.runtime.settings.preprocess_port) not in response.text


async def test_a_client_that_hangs_up_cancels_the_work_downstream(
    web: Any, preprocess: Any, stop_on_hang: asyncio.Event
) -> None:
    preprocess.hold(stop_on_hang)
    calling = asyncio.create_task(web.http.post("/v1/models/m:predict", json=BODY))
    await eventually(lambda: preprocess.running == 1)
    calling.cancel()

    await eventually(lambda: preprocess.cancelled == 1)
    baggage = preprocess.metadata[0]["baggage"]
    prediction_id = baggage.partition("hallmark.prediction=")[2].partition(",")[0]
    (span,) = await eventually(lambda: web.spans(prediction_id, SPAN))
    assert span.attributes["hallmark.status"] == "CANCELLED"


async def test_one_prediction_too_many_is_a_429(own_web: Any) -> None:
    gate = asyncio.Event()
    async with own_web(max_concurrent_requests=2) as own:
        own.preprocess.hold(gate)
        calls = [asyncio.create_task(own.web.http.post("/v1/models/m:predict", json=BODY)) for _ in range(2)]
        await eventually(lambda: own.preprocess.running == 2)
        refused = await own.web.http.post("/v1/models/m:predict", json=BODY)
        gate.set()
        answered = await asyncio.gather(*calls)
        after = await own.web.http.post("/v1/models/m:predict", json=BODY)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["reason"] == "OVERLOADED"
    assert [response.status_code for response in [*answered, after]] == [200, 200, 200]
