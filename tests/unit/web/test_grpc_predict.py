"""A prediction over gRPC."""

import asyncio
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.qoa.v1.quality_pb2 import QualitySummary
from hallmark.web.v1 import web_pb2
from hallmark_common.errors import HallmarkError, from_rpc_error, invalid
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHOD = "hallmark.web.v1.PredictionService/Predict"
TENSOR = preprocess_pb2.Tensor(name="x", datatype="FP32", shape=[1], contents=b"\0\0\0\0")
INPUT = preprocess_pb2.Input(tensors=preprocess_pb2.Tensors(tensors=[TENSOR]))


def request(**more: Any) -> web_pb2.PredictRequest:
    return web_pb2.PredictRequest(**{"model": "m", "version": "3", "input": INPUT, **more})


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_the_answer_and_its_trailers(web: Any, preprocess: Any) -> None:
    moment = Timestamp(seconds=1372680000, nanos=5)
    call = web.stub.Predict(request(event_time=moment))
    answer = await call
    trailers = dict(await call.trailing_metadata())

    assert answer.predictions[0].number.value == 2.5
    assert answer.model.version == "3"
    assert answer.prediction_id == trailers["hallmark-prediction-id"]
    assert answer.trace_id == answer.prediction_id.partition("-")[0]
    assert QualitySummary.FromString(trailers["hallmark-quality-bin"]) == answer.quality
    assert [stage.name for stage in answer.quality.stages] == ["web", "preprocess", "inference"]
    (forwarded,) = preprocess.requests
    assert forwarded == preprocess_pb2.PredictRequest(model="m", version="3", input=INPUT, event_time=moment)


async def test_a_failed_prediction_has_an_id_too(web: Any, preprocess: Any) -> None:
    async def fail(_request: Any) -> Any:
        raise invalid("carrier", "one of UA", "'ZZ'")

    preprocess.behave = fail
    error = await failure(web.stub.Predict(request()))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    known = from_rpc_error(error)
    assert known.reason == "INVALID_INPUT"
    assert known.metadata == {"field": "carrier", "expected": "one of UA", "got": "'ZZ'"}
    prediction_id = dict(error.trailing_metadata())["hallmark-prediction-id"]
    (span,) = await eventually(lambda: web.spans(prediction_id, METHOD))
    assert span.attributes["hallmark.status"] == "INVALID_ARGUMENT"
    assert span.attributes["hallmark.model.name"] == "m"


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (web_pb2.PredictRequest(), "model"),
        (web_pb2.PredictRequest(input=INPUT), "model"),
        (web_pb2.PredictRequest(model="m"), "input"),
        (web_pb2.PredictRequest(model="m", input=preprocess_pb2.Input()), "input"),
        (request(event_time=Timestamp(seconds=-1)), "event_time"),
        (request(event_time=Timestamp(seconds=7_289_654_400)), "event_time"),
        (request(event_time=Timestamp(seconds=2**62)), "event_time"),
        (request(event_time=Timestamp(seconds=1, nanos=-1)), "event_time"),
        (request(event_time=Timestamp(seconds=1, nanos=10**9)), "event_time"),
    ],
)
async def test_what_the_edge_can_see_is_refused_there(web: Any, preprocess: Any, bad: Any, field: str) -> None:
    error = await failure(web.stub.Predict(bad))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert from_rpc_error(error).metadata["field"] == field
    assert not preprocess.requests


CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
async def test_every_code_is_passed_on(web: Any, preprocess: Any, code: grpc.StatusCode) -> None:
    async def fail(_request: Any) -> Any:
        raise HallmarkError(code, "SOME_REASON", "some message")

    preprocess.behave = fail
    error = await failure(web.stub.Predict(request()))

    assert error.code() is code
    assert error.details() == "some message"
    assert from_rpc_error(error).reason == "SOME_REASON"


async def test_the_callers_deadline_goes_down_the_chain(web: Any, preprocess: Any) -> None:
    await web.stub.Predict(request(), timeout=8)

    assert 0 < preprocess.remaining_s[0] <= 8 * 1.05 < web.runtime.settings.request_timeout_s


async def test_the_default_deadline_holds_for_a_caller_with_more_time(web: Any, preprocess: Any) -> None:
    await web.stub.Predict(request(), timeout=3600)

    assert 0 < preprocess.remaining_s[0] <= web.runtime.settings.request_timeout_s * 1.05


async def test_a_cancelled_call_is_cancelled_downstream(web: Any, preprocess: Any, stop_on_hang: asyncio.Event) -> None:
    preprocess.hold(stop_on_hang)
    call = web.stub.Predict(request())
    await eventually(lambda: preprocess.running == 1)
    call.cancel()

    await eventually(lambda: preprocess.cancelled == 1)


async def test_the_consumer_is_taken_from_the_metadata(web: Any, preprocess: Any) -> None:
    await web.stub.Predict(request(), metadata=[("hallmark-consumer", "ops"), ("baggage", "hallmark.consumer=root")])

    assert "hallmark.consumer=ops" in preprocess.metadata[0]["baggage"]
    assert "root" not in preprocess.metadata[0]["baggage"]


async def test_models_are_listed_and_remembered_for_a_moment(own_web: Any) -> None:
    async with own_web() as own:
        model = preprocess_pb2.ModelDescription(name="flights", input_kind="table", versions=["1"])
        own.preprocess.models.append(model)

        over_grpc = await own.web.stub.ListModels(web_pb2.ListModelsRequest())
        over_rest = await own.web.http.get("/v1/models")

    assert list(over_grpc.models) == [model]
    assert over_rest.json()["models"][0]["name"] == "flights"
    assert over_rest.json()["models"][0]["columns"] == []
    assert own.preprocess.listed == 1
