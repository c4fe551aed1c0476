"""A request that is refused before it is looked at names its model all the same: its record counts for that model."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common import attributes
from tests.support.waiting import eventually

REQUEST = web_pb2.PredictRequest(model="m", input=preprocess_pb2.Input(json=b"[1]"))


async def over_http(own: Any) -> str:
    answer = await own.web.http.post("/v1/models/m:predict", json={"instances": [1]})
    return str(answer.json()["error"]["reason"])


async def over_grpc(own: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await own.web.stub.Predict(REQUEST)
    return caught.value.code().name


async def in_a_stream(own: Any) -> str:
    async def messages() -> AsyncIterator[web_pb2.PredictStreamRequest]:
        yield web_pb2.PredictStreamRequest(request_id="r", request=REQUEST)

    (answer,) = [answer async for answer in own.web.stub.PredictStream(messages())]
    return str(answer.error.reason)


@pytest.mark.parametrize("ask", [over_http, over_grpc, in_a_stream])
async def test_one_too_many_names_its_model(own_web: Any, stop_on_hang: asyncio.Event, ask: Any) -> None:
    async with own_web(max_concurrent_requests=1) as own:
        own.preprocess.hold(stop_on_hang)
        running = [
            asyncio.ensure_future(own.web.http.post("/v1/models/m:predict", json={"instances": [1]})),
            asyncio.ensure_future(_answered(own.web.stub.Predict(REQUEST))),
        ]
        await eventually(lambda: own.preprocess.running == 2, "both ways in are full")
        assert await ask(own) in ("OVERLOADED", "RESOURCE_EXHAUSTED")
        (refused,) = await eventually(lambda: _refused(own.web), "its span has ended")
        stop_on_hang.set()
        await asyncio.gather(*running)
    assert refused[attributes.MODEL] == "m"
    assert refused[attributes.STATUS] == "RESOURCE_EXHAUSTED"


async def _answered(call: Any) -> Any:
    return await call


def _refused(web: Any) -> list[Any]:
    ended = [span.attributes for span in web.exporter.get_finished_spans()]
    return [span for span in ended if span.get(attributes.REASON) == "OVERLOADED"]
