"""The client side: every outgoing call carries context and deadline, and leaves a span and a duration.

The interceptors only start a call and hook its end: awaiting it inside an interceptor, as the contrib instrumentation
does, would break cancellation.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import grpc
from grpc.aio import ClientCallDetails, Metadata
from opentelemetry import context, propagate, trace
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from hallmark_common import attributes
from hallmark_common.deadline import remaining_s
from hallmark_common.errors import HallmarkError
from hallmark_common.interceptors.conventions import (
    UNTRACED,
    MetadataSetter,
    client_duration,
    end_attributes,
    start_attributes,
)
from hallmark_common.stage import stage_in

Result = TypeVar("Result")

_SETTER = MetadataSetter()
_TOO_LATE = "Internal error from Core"
"""With these details grpc.aio calls a call done whose write came too late because the peer had ended it. The peer's
status replaces them a moment later without a further callback."""

_settling: set[asyncio.Task[None]] = set()


class _Call:
    """One outgoing call: its span from start to end."""

    def __init__(self, side: "ClientSide", method: str) -> None:
        self._side = side
        self._attributes = start_attributes(method, side.address, side.port)
        self._span = side.tracer.start_span(method, kind=SpanKind.CLIENT, attributes=self._attributes)
        if method in side.stages:
            self._span.set_attribute(attributes.CALLS, side.stages[method])
        self._context = trace.set_span_in_context(self._span)
        self._caller = stage_in(context.get_current()) if method in side.stages else None
        self._started = time.perf_counter()
        self._ended = False

    def details(self, details: ClientCallDetails) -> ClientCallDetails:
        """The call's details with trace context, baggage and what is left of the deadline."""
        carrier: list[tuple[str, str]] = []
        propagate.inject(carrier, self._context, _SETTER)
        metadata = Metadata(*(details.metadata or ()), *carrier)
        limits = [limit for limit in (details.timeout, remaining_s()) if limit is not None]
        timeout = min(limits, default=None)
        if timeout is not None and timeout <= 0:
            raise HallmarkError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "DEADLINE_EXCEEDED",
                "the deadline passed before the next service was called",
            )
        return ClientCallDetails(details.method, timeout, metadata, details.credentials, details.wait_for_ready)

    def end_with(self, call: grpc.aio.Call) -> None:
        """End with the status of a call that is done."""
        if _is_settled(call):
            self.end(_result(call.code()) or grpc.StatusCode.UNKNOWN)
        else:
            task = asyncio.get_running_loop().create_task(self._end_when_settled(call))
            _settling.add(task)
            task.add_done_callback(_settling.discard)

    async def _end_when_settled(self, call: grpc.aio.Call) -> None:
        for _ in range(100):
            await asyncio.sleep(0.005)
            if _is_settled(call):
                break
        self.end(await call.code())

    def end(self, code: grpc.StatusCode) -> None:
        """Record span and duration, once."""
        if self._ended:
            return
        self._ended = True
        failed = code is not grpc.StatusCode.OK
        ended = end_attributes(code, error=failed)
        self._span.set_attributes(ended)
        if failed:
            self._span.set_status(StatusCode.ERROR)
        elapsed_s = time.perf_counter() - self._started
        if self._caller is not None:
            self._caller.called_s += elapsed_s
        self._side.duration.record(elapsed_s, self._attributes | ended, self._context)
        self._span.end()


def _is_settled(call: grpc.aio.Call) -> bool:
    return _result(call.code()) is not grpc.StatusCode.INTERNAL or _result(call.details()) != _TOO_LATE


def _result(done: Coroutine[Any, Any, Result]) -> Result | None:
    """What a coroutine returns that has nothing to wait for, as ``code()`` of a call that is done."""
    try:
        done.send(None)
    except StopIteration as stop:
        value: Result = stop.value
        return value
    done.close()
    return None


class ClientSide:
    """What the four interceptors of one channel share.

    ``stages`` maps methods, ``package.Service/Method``, that are a stage of a prediction to the name of that stage.
    """

    def __init__(self, tracer: Tracer, meter: Meter, target: str, stages: dict[str, str]) -> None:
        self.tracer = tracer
        self.duration = client_duration(meter)
        self.stages = stages
        address, _, port = target.rpartition(":")
        self.address, self.port = (address, int(port)) if port.isdigit() else (target, 0)

    def interceptors(self) -> list[grpc.aio.ClientInterceptor]:
        """One interceptor for each of the four kinds of call."""
        return [_UnaryUnary(self), _UnaryStream(self), _StreamUnary(self), _StreamStream(self)]

    async def run(self, continuation: Callable[..., Any], details: ClientCallDetails, request: Any) -> Any:
        """Start the call and hook its end."""
        method = details.method.decode() if isinstance(details.method, bytes) else str(details.method)
        method = method.removeprefix("/")
        if method.startswith(UNTRACED):
            return await continuation(details, request)
        outgoing = _Call(self, method)
        try:
            call = await continuation(outgoing.details(details), request)
        except asyncio.CancelledError:
            outgoing.end(grpc.StatusCode.CANCELLED)
            raise
        except HallmarkError as error:
            outgoing.end(error.code)
            raise
        except BaseException:
            outgoing.end(grpc.StatusCode.UNKNOWN)
            raise
        call.add_done_callback(outgoing.end_with)
        return call


class _Interceptor:
    def __init__(self, side: ClientSide) -> None:
        self._side = side


class _UnaryUnary(_Interceptor, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await self._side.run(continuation, client_call_details, request)


class _UnaryStream(_Interceptor, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await self._side.run(continuation, client_call_details, request)


class _StreamUnary(_Interceptor, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return await self._side.run(continuation, client_call_details, request_iterator)


class _StreamStream(_Interceptor, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return await self._side.run(continuation, client_call_details, request_iterator)
