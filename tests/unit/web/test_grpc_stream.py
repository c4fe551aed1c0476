"""Many predictions over one stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common.errors import invalid
from hallmark_web.grpc_api import MAX_IN_FLIGHT, STREAM_SPAN
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


def message(number: int, **more: Any) -> web_pb2.PredictStreamRequest:
    request = web_pb2.PredictRequest(**{"model": "m", "input": preprocess_pb2.Input(json=b"[%d]" % number), **more})
    return web_pb2.PredictStreamRequest(request_id=f"r{number}", request=request)


async def messages(count: int) -> AsyncIterator[web_pb2.PredictStreamRequest]:
    for number in range(count):
        yield message(number)


async def test_each_message_is_a_prediction_of_its_own(web: Any, preprocess: Any) -> None:
    call = web.stub.PredictStream(messages(5), metadata=[("hallmark-consumer", "batch")])
    answers = [answer async for answer in call]

    assert sorted(answer.request_id for answer in answers) == [f"r{number}" for number in range(5)]
    ids = {answer.response.prediction_id for answer in answers}
    assert len(ids) == 5
    assert len({answer.response.trace_id for answer in answers}) == 1
    for answer in answers:
        (span,) = await eventually(lambda answer=answer: web.spans(answer.response.prediction_id, STREAM_SPAN))
        assert span.attributes["hallmark.stage"] == "web"
        assert span.attributes["hallmark.status"] == "OK"
        assert span.attributes["hallmark.consumer"] == "batch"
        assert answer.response.prediction_id.endswith(f"{span.context.span_id:016x}")
    sent = {
        metadata["baggage"].partition("hallmark.prediction=")[2].partition(",")[0] for metadata in preprocess.metadata
    }
    assert sent == ids


async def test_answers_come_as_they_are_ready(web: Any, preprocess: Any, answer: Any) -> None:
    gate = asyncio.Event()

    async def first_last(request: Any) -> Any:
        if request.input.json == b"[0]":
            await gate.wait()
        return answer(request)

    preprocess.behave = first_last
    call = web.stub.PredictStream(messages(3))
    early = {(await call.read()).request_id for _ in range(2)}
    gate.set()
    last = await call.read()

    assert early == {"r1", "r2"}
    assert last.request_id == "r0"
    assert await call.read() is grpc.aio.EOF


async def test_a_failed_prediction_is_an_answer(web: Any, preprocess: Any, answer: Any) -> None:
    async def odd_fails(request: Any) -> Any:
        if request.input.json == b"[1]":
            raise invalid("carrier", "one of UA", "'ZZ'")
        if request.input.json == b"[3]":
            raise RuntimeError("secret")
        return answer(request)

    preprocess.behave = odd_fails
    answers = {one.request_id: one async for one in web.stub.PredictStream(messages(5))}

    assert [answers[f"r{number}"].WhichOneof("result") for number in range(5)] == [
        "response",
        "error",
        "response",
        "error",
        "response",
    ]
    refused, broken = answers["r1"].error, answers["r3"].error
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_INPUT")
    assert dict(refused.metadata) == {"field": "carrier", "expected": "one of UA", "got": "'ZZ'"}
    assert broken.code == "INTERNAL"
    assert "secret" not in broken.message
    (span,) = await eventually(lambda: web.spans(refused.prediction_id, STREAM_SPAN))
    assert span.attributes["hallmark.status"] == "INVALID_ARGUMENT"
    assert span.attributes["hallmark.reason"] == "INVALID_INPUT"


async def test_a_bad_message_does_not_end_the_stream(web: Any, preprocess: Any) -> None:
    async def mixed() -> AsyncIterator[web_pb2.PredictStreamRequest]:
        yield web_pb2.PredictStreamRequest(request_id="bad")
        yield message(1)

    answers = {one.request_id: one async for one in web.stub.PredictStream(mixed())}

    assert answers["bad"].error.metadata["field"] == "model"
    assert answers["r1"].HasField("response")
    assert len(preprocess.requests) == 1


async def test_half_close_drains_what_is_in_flight(web: Any, preprocess: Any) -> None:
    gate = asyncio.Event()
    preprocess.hold(gate)
    call = web.stub.PredictStream()
    for number in range(3):
        await call.write(message(number))
    await call.done_writing()
    await eventually(lambda: preprocess.running == 3)
    gate.set()

    assert {one.request_id async for one in call} == {"r0", "r1", "r2"}
    assert await call.code() is grpc.StatusCode.OK


async def test_cancelling_the_stream_cancels_what_is_in_flight(
    web: Any, preprocess: Any, stop_on_hang: asyncio.Event
) -> None:
    preprocess.hold(stop_on_hang)
    call = web.stub.PredictStream()
    for number in range(4):
        await call.write(message(number))
    await eventually(lambda: preprocess.running == 4)
    call.cancel()

    await eventually(lambda: preprocess.cancelled == 4)
    for metadata in preprocess.metadata:
        prediction_id = metadata["baggage"].partition("hallmark.prediction=")[2].partition(",")[0]
        (span,) = await eventually(lambda wanted=prediction_id: web.spans(wanted, STREAM_SPAN))
        assert span.attributes["hallmark.status"] == "CANCELLED"


async def test_no_more_than_the_bound_are_in_flight(web: Any, preprocess: Any) -> None:
    gate = asyncio.Event()
    preprocess.hold(gate)
    reading = asyncio.create_task(_collect(web.stub.PredictStream(messages(3 * MAX_IN_FLIGHT))))
    await eventually(lambda: preprocess.running == MAX_IN_FLIGHT)
    gate.set()

    assert len(await reading) == 3 * MAX_IN_FLIGHT
    assert preprocess.most_running == MAX_IN_FLIGHT


async def test_a_bad_consumer_ends_the_stream(web: Any, preprocess: Any) -> None:
    call = web.stub.PredictStream(messages(1), metadata=[("hallmark-consumer", "a,b")])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert not preprocess.requests


async def _collect(call: Any) -> list[Any]:
    return [answer async for answer in call]
