"""Context, baggage, prediction id, consumer and stage across calls."""

import asyncio
from contextlib import nullcontext
from typing import Any

import grpc
import pytest
from opentelemetry import baggage, trace
from opentelemetry.trace import SpanKind

from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from hallmark_common.interceptors.server import StageMethod
from hallmark_common.prediction import Prediction, current_prediction
from hallmark_common.stage import Stages

EDGE = StageMethod("web", "test.v1.Test/Unary", edge=True)
INNER = StageMethod("inference", "test.v1.Test/Unary")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


async def test_a_chain_is_one_trace_with_one_prediction(serve: Any, recorder: Any) -> None:
    seen: list[Prediction | None] = []

    async def inner(_request: Any, _context: Any) -> bytes:
        seen.append(current_prediction())
        with trace.get_tracer("t", tracer_provider=recorder.telemetry.tracer_provider).start_as_current_span("compute"):
            return b""

    async with serve({"Unary": inner}, stage=INNER) as behind:

        async def outer(_request: Any, _context: Any) -> bytes:
            seen.append(current_prediction())
            return bytes(await behind.unary()(b"x"))

        async with serve({"Unary": outer}, stage=EDGE) as pair:
            await pair.unary()(b"x", metadata=((attributes.CONSUMER_KEY, "shop"),))
        client_out, client_in = await recorder.ended(SpanKind.CLIENT, 2)
    spans = recorder.spans()
    stages = {span.attributes[attributes.STAGE]: span for span in spans if attributes.STAGE in span.attributes}
    entry, inside = stages["web"], stages["inference"]
    expected = f"{entry.context.trace_id:032x}-{entry.context.span_id:016x}"
    assert seen == [Prediction(expected, expected[:32], "shop")] * 2
    of_request = [span for span in spans if span.attributes.get(attributes.PREDICTION) == expected]
    assert {span.name for span in of_request} >= {"test.v1.Test/Unary", "compute"}
    assert all(span.attributes[attributes.CONSUMER] == "shop" for span in of_request)
    calls = [span for span in (client_out, client_in) if span.context.span_id == inside.parent.span_id]
    assert calls[0].attributes[attributes.CALLS] == "next"
    assert calls[0].parent.span_id == entry.context.span_id
    assert {span.context.trace_id for span in spans} == {entry.context.trace_id}
    assert entry.attributes[attributes.STATUS] == inside.attributes[attributes.STATUS] == "OK"


async def test_the_edge_believes_the_trace_but_no_claim(serve: Any, recorder: Any) -> None:
    bags: list[Any] = []

    async def handler(_request: Any, _context: Any) -> bytes:
        bags.append(dict(baggage.get_all()))
        return b""

    claims = "hallmark.consumer=admin,hallmark.prediction=made-up,hallmark.other=1,mine=kept"
    async with serve({"Unary": handler}, stage=EDGE) as pair, grpc.aio.insecure_channel(pair.target) as plain:
        await plain.unary_unary("/test.v1.Test/Unary")(b"", metadata=(("traceparent", PARENT), ("baggage", claims)))
    (span,) = await recorder.ended(SpanKind.SERVER)
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent.span_id == 0xB7AD6B7169203331
    assert bags[0]["mine"] == "kept"
    assert bags[0]["hallmark.consumer"] == "anonymous"
    assert bags[0]["hallmark.prediction"].endswith(f"-{span.context.span_id:016x}")
    assert "hallmark.other" not in bags[0]


async def test_an_inner_service_called_by_a_stock_client_names_the_prediction(serve: Any, recorder: Any) -> None:
    async def handler(_request: Any, _context: Any) -> bytes:
        return b""

    async with serve({"Unary": handler}, stage=INNER) as pair, grpc.aio.insecure_channel(pair.target) as plain:
        await plain.unary_unary("/test.v1.Test/Unary")(b"")
    (span,) = await recorder.ended(SpanKind.SERVER)
    assert span.attributes[attributes.PREDICTION] == f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert span.attributes[attributes.STAGE] == "inference"


@pytest.mark.parametrize("claimed", ["a,b", "x" * 129, 'quo"te', "semi;colon", "back\\slash"])
async def test_a_consumer_that_cannot_be_a_name_is_refused(serve: Any, recorder: Any, claimed: str) -> None:
    async def handler(_request: Any, _context: Any) -> bytes:
        raise AssertionError("must not be reached")

    async with serve({"Unary": handler}, stage=EDGE) as pair:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair.unary()(b"", metadata=((attributes.CONSUMER_KEY, claimed),))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("hallmark-consumer: expected")
    (span,) = await recorder.ended(SpanKind.SERVER)
    assert span.attributes[attributes.STATUS] == "INVALID_ARGUMENT"
    assert span.attributes[attributes.REASON] == "INVALID_INPUT"


async def test_one_too_many_is_refused_and_recorded(serve: Any, recorder: Any) -> None:
    entered, release = asyncio.Semaphore(0), asyncio.Event()

    async def handler(_request: Any, _context: Any) -> bytes:
        entered.release()
        await release.wait()
        return b""

    async with serve({"Unary": handler}, stage=EDGE, max_concurrent=2) as pair:
        running = [pair.unary()(b"") for _ in range(2)]
        tasks = [asyncio.ensure_future(_wait(call)) for call in running]
        for _ in range(2):
            await asyncio.wait_for(entered.acquire(), 5)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair.unary()(b"")
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        release.set()
        await asyncio.gather(*tasks)
        await pair.unary()(b"")
        assert pair.interceptor.running == 0
    reasons = [span.attributes.get(attributes.REASON) for span in recorder.spans(SpanKind.SERVER)]
    assert reasons.count("OVERLOADED") == 1


async def test_in_the_drain_new_requests_are_refused_and_running_ones_finish(serve: Any, recorder: Any) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def handler(_request: Any, _context: Any) -> bytes:
        entered.set()
        await release.wait()
        return b"done"

    async with serve({"Unary": handler, "Other": handler}, stage=EDGE) as pair:
        running = asyncio.ensure_future(_wait(pair.unary()(b"")))
        await asyncio.wait_for(entered.wait(), 5)
        pair.interceptor.draining = True
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair.unary()(b"")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "the service is shutting down; try again"
        release.set()
        assert await running == b"done"
        assert await pair.unary("Other")(b"") == b"done"
    reasons = [span.attributes.get(attributes.REASON) for span in recorder.spans(SpanKind.SERVER)]
    assert reasons.count("SHUTTING_DOWN") == 1


async def _wait(call: Any) -> Any:
    return await call


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (None, "OK", None),
        (HallmarkError(grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND", "no"), "NOT_FOUND", "MODEL_NOT_FOUND"),
        (ValueError("secret"), "INTERNAL", "INTERNAL"),
        (asyncio.CancelledError(), "CANCELLED", "CANCELLED"),
    ],
)
async def test_a_stage_span_is_a_prediction_of_its_own(
    recorder: Any, error: BaseException | None, status: str, reason: str | None
) -> None:
    tracer = recorder.telemetry.tracer_provider.get_tracer("t")
    inside: list[Prediction | None] = []
    expected = nullcontext() if error is None else pytest.raises(type(error))
    with expected, Stages(tracer).span("message", "web", "shop"):
        inside.append(current_prediction())
        if error is not None:
            raise error
    assert current_prediction() is None
    (span,) = recorder.spans()
    assert inside[0] is not None
    assert inside[0].id == span.attributes[attributes.PREDICTION]
    assert span.attributes[attributes.STATUS] == status
    assert span.attributes.get(attributes.REASON) == reason
    assert "secret" not in span.to_json()
