"""Every status code, on every kind of call and both sides: span, metric, wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.trace import SpanKind, StatusCode

from hallmark_common.errors import DETAILS_KEY, HallmarkError

KINDS = ["Unary", "UnaryStream", "StreamUnary", "StreamStream"]
SERVER_ERRORS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}


async def call(pair: Any, kind: str, method: str = "") -> list[bytes]:
    """Call one of the four kinds; all responses."""
    return await send(pair, kind, b"x", method)


async def send(pair: Any, kind: str, request: Any, method: str = "") -> list[bytes]:
    """Call one of the four kinds with a request, or for a stream with an iterator of them; all responses."""
    method = method or kind
    requests = iter([request]) if isinstance(request, bytes) else request
    if kind == "Unary":
        return [await pair.unary(method)(request)]
    if kind == "UnaryStream":
        return [response async for response in pair.unary_stream(method)(request)]
    if kind == "StreamUnary":
        return [await pair.stream_unary(method)(requests)]
    return [response async for response in pair.stream_stream(method)(requests)]


def handlers(action: Any) -> dict[str, Any]:
    """The four kinds of handler, each doing the same."""

    async def unary(_request: Any, context: Any) -> bytes:
        await action(context)
        return b"y"

    async def stream(_request: Any, context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await action(context)

    return {"Unary": unary, "StreamUnary": unary, "UnaryStream": stream, "StreamStream": stream}


def raised(code: grpc.StatusCode) -> Any:
    async def action(_context: Any) -> None:
        if code is not grpc.StatusCode.OK:
            raise HallmarkError(code, "A_REASON", "a message", {"field": "f"})

    return action


def aborted(code: grpc.StatusCode) -> Any:
    async def action(context: Any) -> None:
        if code is not grpc.StatusCode.OK:
            await context.abort(code, "a message")

    return action


def set_on_context(code: grpc.StatusCode) -> Any:
    async def action(context: Any) -> None:
        context.set_code(code)
        context.set_details("a message")

    return action


@pytest.mark.parametrize("way", [raised, aborted, set_on_context])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", list(grpc.StatusCode), ids=lambda code: code.name)
async def test_every_code_is_on_both_spans_and_both_metrics(
    serve: Any, recorder: Any, code: grpc.StatusCode, kind: str, way: Any
) -> None:
    async with serve(handlers(way(code))) as pair:
        if code is grpc.StatusCode.OK:
            assert await call(pair, kind)
        else:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(pair, kind)
            assert caught.value.code() is code
            assert caught.value.details() == "a message"
        await recorder.ended(SpanKind.CLIENT)
    for span_kind, failed, metric in (
        (SpanKind.SERVER, code.name in SERVER_ERRORS, "rpc.server.call.duration"),
        (SpanKind.CLIENT, code is not grpc.StatusCode.OK, "rpc.client.call.duration"),
    ):
        (span,) = await recorder.ended(span_kind)
        assert span.name == f"test.v1.Test/{kind}"
        assert span.attributes["rpc.system.name"] == "grpc"
        assert span.attributes["rpc.method"] == f"test.v1.Test/{kind}"
        assert span.attributes["rpc.response.status_code"] == code.name
        assert span.attributes.get("error.type") == (code.name if failed else None)
        assert span.status.status_code is (StatusCode.ERROR if failed else StatusCode.UNSET)
        (point,) = recorder.durations(metric)
        assert point.count == 1
        assert point.attributes["rpc.response.status_code"] == code.name
        assert point.exemplars[0].span_id == span.context.span_id


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unexpected_exception_is_internal_and_leaks_nothing(
    serve: Any, recorder: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def action(_context: Any) -> None:
        raise ValueError("secret payload")

    async with serve(handlers(action)) as pair:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(pair, kind)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value)
    (span,) = recorder.spans(SpanKind.SERVER)
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "INTERNAL"
    assert "secret" not in str(span.to_json())
    assert "a handler of test.v1.Test" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_method_is_one_label_only(serve: Any, recorder: Any, kind: str) -> None:
    async with serve({}) as pair:
        for name in ("Made", "Up"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(pair, kind, name)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    spans = recorder.spans(SpanKind.SERVER)
    assert {span.attributes["rpc.method"] for span in spans} == {"_OTHER"}
    assert {span.attributes["rpc.method_original"] for span in spans} == {"test.v1.Test/Made", "test.v1.Test/Up"}
    assert all(span.status.status_code is StatusCode.ERROR for span in spans)
    (point,) = recorder.durations("rpc.server.call.duration")
    assert point.attributes["rpc.method"] == "_OTHER"


async def test_the_reason_travels_as_error_info_beside_own_metadata(serve: Any) -> None:
    async def handler(_request: Any, context: Any) -> bytes:
        context.set_trailing_metadata((("own", "kept"),))
        raise HallmarkError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT", "f: no", {"field": "f"})

    async with serve({"Unary": handler}) as pair:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair.unary()(b"x")
    trailing = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailing[DETAILS_KEY])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message, info.reason, info.domain, dict(info.metadata)) == (
        3,
        "f: no",
        "INVALID_INPUT",
        "hallmark",
        {"field": "f"},
    )
    assert trailing["own"] == "kept"


async def test_a_callees_status_passes_through_unchanged_and_its_addresses_do_not(serve: Any) -> None:
    async def inner(_request: Any, _context: Any) -> bytes:
        raise HallmarkError(grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND", "model: no", {"field": "model"})

    async with serve({"Unary": inner}) as behind:

        async def passing(_request: Any, _context: Any) -> bytes:
            return bytes(await behind.unary()(b"x"))

        async def unreachable(_request: Any, _context: Any) -> bytes:
            async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
                return bytes(await nowhere.unary_unary("/a/b")(b""))

        async with serve({"Unary": passing, "Other": unreachable}) as pair:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await pair.unary()(b"x")
            assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, "model: no")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await pair.unary("Other")(b"x")
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "127.0.0.1" not in caught.value.details()


@pytest.mark.parametrize("kind", KINDS)
async def test_bytes_that_are_no_message_are_invalid_argument(serve: Any, recorder: Any, kind: str) -> None:
    async def unary(request: Any, _context: Any) -> bytes:
        async for _ in request:
            pass
        return b""

    async def stream(request: Any, _context: Any) -> AsyncIterator[bytes]:
        async for _ in request:
            yield b""

    simple = handlers(raised(grpc.StatusCode.OK))
    behaviours = {**simple, "StreamUnary": unary, "StreamStream": stream}
    async with serve(behaviours, parse=status_pb2.Status.FromString) as pair:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(send(pair, kind, b"\xff\xff"), 5)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert caught.value.details() == "request: expected a serialized protobuf message, got 2 bytes that are none"
        (span,) = await recorder.ended(SpanKind.SERVER)
    assert span.attributes["rpc.response.status_code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("kind", ["StreamUnary", "StreamStream"])
async def test_a_write_that_comes_too_late_does_not_hide_the_peers_status(serve: Any, recorder: Any, kind: str) -> None:
    async with serve(handlers(raised(grpc.StatusCode.NOT_FOUND))) as pair:

        async def late() -> AsyncIterator[bytes]:
            await recorder.ended(SpanKind.SERVER)
            for _ in range(20):
                yield b"too late"
                await asyncio.sleep(0)

        # Which of the two the caller is told is a race inside grpc.aio; the span is ours, and has the peer's.
        with pytest.raises(grpc.aio.AioRpcError):
            await send(pair, kind, late())
        (span,) = await recorder.ended(SpanKind.CLIENT)
    assert span.attributes["rpc.response.status_code"] == "NOT_FOUND"
