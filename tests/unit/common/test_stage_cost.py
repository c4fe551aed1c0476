"""Every stage says what it cost, however it ended, and together they cost what the process used."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc
import pytest
from opentelemetry.trace import SpanKind

from hallmark_common import attributes
from hallmark_common.cost import CpuShares
from hallmark_common.errors import HallmarkError
from hallmark_common.interceptors.server import StageMethod
from hallmark_common.settings import Settings
from hallmark_common.stage import Stages
from hallmark_common.telemetry import Telemetry
from tests.support.waiting import eventually

WORK_NS = 3_000_000


def work() -> int:
    """Use the CPU for a moment; how long, in ns of CPU time."""
    started = time.process_time_ns()
    while (passed := time.process_time_ns() - started) < WORK_NS:
        pass
    return passed


class Handlers:
    """Handlers that use the CPU and end as they are told."""

    def __init__(self) -> None:
        self.worked_ns = 0
        self.entered = asyncio.Semaphore(0)

    async def unary(self, request: Any, _context: Any) -> bytes:
        self.worked_ns += work()
        self.entered.release()
        await asyncio.sleep(0)
        if request == b"refuse":
            raise HallmarkError(grpc.StatusCode.NOT_FOUND, "NO", "no")
        if request == b"break":
            raise ValueError("broken")
        if request == b"hang":
            await asyncio.Event().wait()
        self.worked_ns += work()
        return b""

    async def stream(self, _request: Any, _context: Any) -> AsyncIterator[bytes]:
        for _ in range(3):
            self.worked_ns += work()
            yield b"part"
        self.entered.release()


def costs(spans: Any) -> list[float]:
    return [span.attributes[attributes.CPU_MS] for span in spans]


async def test_answered_failed_and_cancelled_requests_pay_together_what_was_used(serve: Any, recorder: Any) -> None:
    handlers = Handlers()
    stage = StageMethod("web", "test.v1.Test/Unary", edge=True)
    async with serve({"Unary": handlers.unary}, stage=stage) as pair:
        before_ns = time.process_time_ns()
        hanging = [pair.unary()(b"hang") for _ in range(2)]
        ending = [pair.unary()(request) for request in (b"", b"", b"refuse", b"break")]
        for _ in range(6):
            await asyncio.wait_for(handlers.entered.acquire(), 5)
        for call in hanging:
            call.cancel()
        await asyncio.gather(*map(_outcome, [*hanging, *ending]))
        spans = await recorder.ended(SpanKind.SERVER, 6)
        used_ms = (time.process_time_ns() - before_ns) / 1e6
        await eventually(lambda: pair.interceptor.stages.shares.under_way == 0, "every stage has ended")
    statuses = sorted(span.attributes[attributes.STATUS] for span in spans)
    assert statuses == ["CANCELLED", "CANCELLED", "INTERNAL", "NOT_FOUND", "OK", "OK"]
    assert handlers.worked_ns / 1e6 <= sum(costs(spans)) <= used_ms


async def _outcome(call: Any) -> grpc.StatusCode:
    with suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
        await call
    return await call.code()


@pytest.mark.parametrize("leaves_early", [False, True])
async def test_a_stream_pays_until_it_ends(serve: Any, recorder: Any, leaves_early: bool) -> None:
    handlers = Handlers()
    stage = StageMethod("web", "test.v1.Test/UnaryStream")
    async with serve({"UnaryStream": handlers.stream}, stage=stage) as pair:
        call = pair.unary_stream()(b"x")
        await call.read()
        if leaves_early:
            call.cancel()
        else:
            assert [part async for part in call] == [b"part"] * 2
        (span,) = await recorder.ended(SpanKind.SERVER)
        assert pair.interceptor.stages.shares.under_way == 0
    assert sum(costs([span])) >= (WORK_NS if leaves_early else handlers.worked_ns) / 1e6


async def test_a_request_that_is_not_a_stage_has_no_cost(serve: Any, recorder: Any) -> None:
    handlers = Handlers()
    async with serve({"Unary": handlers.unary}, stage=StageMethod("web", "test.v1.Test/Other")) as pair:
        await pair.unary()(b"")
        (span,) = await recorder.ended(SpanKind.SERVER)
    assert attributes.CPU_MS not in span.attributes


async def test_messages_of_a_stream_pay_each_for_itself(recorder: Any) -> None:
    stages = Stages(recorder.telemetry.tracer_provider.get_tracer("t"))

    async def message(ends: type[BaseException] | None) -> None:
        with stages.span("message", "web", "shop"):
            work()
            await asyncio.sleep(0)
            if ends is not None:
                raise ends

    before_ns = time.process_time_ns()
    outcomes = await asyncio.gather(*map(message, (None, ValueError, asyncio.CancelledError)), return_exceptions=True)
    used_ms = (time.process_time_ns() - before_ns) / 1e6
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, asyncio.CancelledError]
    assert 3 * WORK_NS / 1e6 <= sum(costs(recorder.spans())) <= used_ms
    assert stages.shares.under_way == 0


def test_nothing_is_measured_where_telemetry_is_off() -> None:
    telemetry = Telemetry("hallmark-test", Settings(telemetry=False), span_exporter=None, metric_readers=())
    asked: list[int] = []

    def cpu_ns() -> int:
        asked.append(1)
        return 0

    stages = Stages(telemetry.tracer_provider.get_tracer("t"), CpuShares(cpu_ns))
    with stages.span("message", "web", "shop"):
        assert stages.shares.under_way == 0
    assert asked == []
    telemetry.shutdown()
