"""Cancellation and deadlines cross the interceptors unharmed and are recorded as what they were."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from hallmark_common.deadline import remaining_s, within
from hallmark_common.errors import HallmarkError
from tests.support.waiting import SOON_S


class Stuck:
    """Handlers that never answer, and what became of them."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def wait(self) -> None:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def unary(self, _request: Any, _context: Any) -> bytes:
        await self.wait()
        return b""

    async def stream(self, _request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await self.wait()


def start(pair: Any, kind: str, timeout: float | None = None) -> Any:
    if kind == "Unary":
        return pair.unary()(b"x", timeout=timeout)
    if kind == "UnaryStream":
        return pair.unary_stream()(b"x", timeout=timeout)
    if kind == "StreamUnary":
        return pair.stream_unary()(iter([b"x"]), timeout=timeout)
    return pair.stream_stream()(iter([b"x"]), timeout=timeout)


async def finish(call: Any, kind: str) -> None:
    if kind.endswith("Unary") or kind == "Unary":
        await call
    else:
        async for _ in call:
            pass


def handlers(stuck: Stuck) -> dict[str, Any]:
    return {"Unary": stuck.unary, "StreamUnary": stuck.unary, "UnaryStream": stuck.stream, "StreamStream": stuck.stream}


KINDS = ["Unary", "UnaryStream", "StreamUnary", "StreamStream"]


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_the_call_cancels_the_handler(serve: Any, recorder: Any, kind: str) -> None:
    stuck = Stuck()
    async with serve(handlers(stuck)) as pair:
        call = start(pair, kind)
        running = asyncio.create_task(finish(call, kind))
        await asyncio.wait_for(stuck.entered.wait(), SOON_S)
        assert call.cancel()
        with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
            await running
        await asyncio.wait_for(stuck.cancelled.wait(), SOON_S)
        (client,) = await recorder.ended(SpanKind.CLIENT)
        (server,) = await recorder.ended(SpanKind.SERVER)
    assert client.attributes["rpc.response.status_code"] == "CANCELLED"
    assert client.status.status_code is StatusCode.ERROR
    assert server.attributes["rpc.response.status_code"] == "CANCELLED"
    assert server.status.status_code is StatusCode.UNSET


async def test_cancelling_the_awaiting_task_cancels_the_handler(serve: Any, recorder: Any) -> None:
    stuck = Stuck()
    async with serve(handlers(stuck)) as pair:

        async def caller() -> None:
            await pair.unary()(b"x")

        task = asyncio.create_task(caller())
        await asyncio.wait_for(stuck.entered.wait(), SOON_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(stuck.cancelled.wait(), SOON_S)
        (client,) = await recorder.ended(SpanKind.CLIENT)
    assert client.attributes["rpc.response.status_code"] == "CANCELLED"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_expired_call_is_deadline_exceeded_on_both_sides(serve: Any, recorder: Any, kind: str) -> None:
    stuck = Stuck()
    async with serve(handlers(stuck)) as pair:
        await pair.channel.channel_ready()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await finish(start(pair, kind, timeout=1.0), kind)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(stuck.cancelled.wait(), SOON_S)
        (client,) = await recorder.ended(SpanKind.CLIENT)
        (server,) = await recorder.ended(SpanKind.SERVER)
    for span in (client, server):
        assert span.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
        assert span.attributes["error.type"] == "DEADLINE_EXCEEDED"
        assert span.status.status_code is StatusCode.ERROR


async def test_the_deadline_travels_down_the_chain(serve: Any) -> None:
    left: list[float | None] = []

    async def inner(_request: Any, _context: Any) -> bytes:
        left.append(remaining_s())
        return b""

    async with serve({"Unary": inner}) as behind:

        async def outer(_request: Any, _context: Any) -> bytes:
            left.append(remaining_s())
            return bytes(await behind.unary()(b"x"))

        async with serve({"Unary": outer}) as pair:
            await pair.unary()(b"x", timeout=30)
            await pair.unary()(b"x")
    outer_left, inner_left, none_outer, none_inner = left
    assert outer_left is not None
    assert inner_left is not None
    assert outer_left <= 30 * 1.05
    assert inner_left <= outer_left + 0.05  # the wire rounds up
    assert (none_outer, none_inner) == (None, None)


async def test_expired_work_is_not_started(serve: Any, recorder: Any) -> None:
    reached: list[bytes] = []

    async def handler(request: bytes, _context: Any) -> bytes:
        reached.append(request)
        return b""

    async with serve({"Unary": handler}) as pair:
        with within(0), pytest.raises(HallmarkError) as caught:
            await pair.unary()(b"x")
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        (client,) = await recorder.ended(SpanKind.CLIENT)
    assert reached == []
    assert client.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    assert recorder.spans(SpanKind.SERVER) == []


async def test_an_inner_limit_never_extends_an_outer_one() -> None:
    with within(1), within(60):
        left = remaining_s()
        assert left is not None
        assert left <= 1
    assert remaining_s() is None


async def test_a_cancelled_call_leaves_its_neighbours_alone(serve: Any) -> None:
    stuck, answered = Stuck(), asyncio.Event()

    async def patient(request: bytes, _context: Any) -> bytes:
        await answered.wait()
        return request

    async with serve({"Unary": stuck.unary, "Other": patient}) as pair:
        neighbours = [asyncio.create_task(finish_unary(pair, bytes([i]))) for i in range(8)]
        call = pair.unary()(b"x")
        running = asyncio.create_task(finish(call, "Unary"))
        await asyncio.wait_for(stuck.entered.wait(), SOON_S)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        answered.set()
        assert await asyncio.gather(*neighbours) == [bytes([i]) for i in range(8)]


async def finish_unary(pair: Any, request: bytes) -> bytes:
    return bytes(await pair.unary("Other")(request))
