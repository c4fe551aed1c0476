"""The server side: every call gets its context, deadline, span, duration and, if it fails, one clean status."""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from hallmark_common import attributes
from hallmark_common.deadline import remaining_s, within
from hallmark_common.errors import DETAILS_KEY, INTERNAL_MESSAGE, HallmarkError, as_hallmark_error, invalid
from hallmark_common.interceptors.conventions import (
    CODES,
    OTHER_METHOD,
    UNTRACED,
    MetadataGetter,
    end_attributes,
    grouped,
    metric_attributes,
    server_duration,
    start_attributes,
    text_metadata,
)
from hallmark_common.prediction import begin_prediction, prediction_in, valid_consumer, without_claims
from hallmark_common.stage import SERVER_FAULTS, Stage, Stages

logger = logging.getLogger(__name__)

_GETTER = MetadataGetter()
_EXPIRY_TOLERANCE_S = 0.02
"""A client gives up at its deadline a moment before this server's copy of it passes; its cancellation comes first."""


@dataclass(frozen=True, slots=True)
class StageMethod:
    """The one method of a service, ``package.Service/Method``, that is a stage of a prediction.

    ``edge`` says that callers are outside: their ``hallmark.*`` baggage is not believed, and the consumer is taken
    from the metadata key ``hallmark-consumer``. ``describe`` puts on the current span what a request asks for, before
    it may be refused: the record of a refused one says so too.
    """

    stage: str
    method: str
    edge: bool = False
    describe: Callable[[Any], None] | None = None


class ServerTelemetry(grpc.aio.ServerInterceptor):
    """One interceptor for all four kinds of call.

    At most ``max_concurrent`` calls of the stage method run at once; more are RESOURCE_EXHAUSTED. ``stages`` is what
    this server shares with the other entries of its process; without it, it has its own.
    """

    def __init__(
        self,
        tracer: Tracer,
        meter: Meter,
        *,
        address: str,
        port: int,
        stage: StageMethod | None = None,
        stages: Stages | None = None,
        max_concurrent: int = 256,
    ) -> None:
        self.tracer = tracer
        self.stages = stages or Stages(tracer)
        self.duration = server_duration(meter)
        self.address, self.port = address, port
        self.stage = stage
        self.max_concurrent = max_concurrent
        self.running = 0
        self.draining = False
        """Set to refuse new calls of the stage method; those that run are finished."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the handler of a call; an unknown method gets one that says UNIMPLEMENTED."""
        method = handler_call_details.method.removeprefix("/")
        handler = await continuation(handler_call_details)
        if method.startswith(UNTRACED):
            return handler
        known = handler is not None
        if not known:
            handler = grpc.stream_stream_rpc_method_handler(_unimplemented)
        return self._wrap(handler, method, known)

    def _wrap(self, handler: Any, method: str, known: bool) -> Any:
        behaviour = _behaviour(handler)
        parsed = _parsed_stream if handler.request_streaming else _parsed

        async def respond(request: Any, servicer_context: Any) -> Any:
            call = _Call(self, method, known, servicer_context)
            try:
                given = parsed(handler, request)
                call.admit(given)
                response = await behaviour(given, servicer_context)
            except BaseException as error:
                await call.fail(error)
            else:
                call.succeed()
                return response
            finally:
                call.close()

        async def stream(request: Any, servicer_context: Any) -> AsyncIterator[Any]:
            call = _Call(self, method, known, servicer_context)
            try:
                given = parsed(handler, request)
                call.admit(given)
                async for response in behaviour(given, servicer_context):
                    yield response
            except BaseException as error:
                await call.fail(error)
            else:
                call.succeed()
            finally:
                call.close()

        wrapped = stream if inspect.isasyncgenfunction(behaviour) else respond
        return _factory(handler)(wrapped, None, handler.response_serializer)


class _Call:
    """One incoming call, from its span's start to its end."""

    def __init__(self, side: ServerTelemetry, method: str, known: bool, servicer_context: Any) -> None:
        self._side = side
        self._servicer_context = servicer_context
        self._is_stage = side.stage is not None and side.stage.method == method
        self._started = time.perf_counter()
        self._error: HallmarkError | None = None
        name = method if known else OTHER_METHOD
        self._attributes = start_attributes(name, side.address, side.port, original="" if known else method)
        metadata = grouped(text_metadata(servicer_context.invocation_metadata()))
        parent = self._believed(propagate.extract(metadata, Context(), _GETTER))
        self._span = side.tracer.start_span(name, parent, SpanKind.SERVER, self._attributes)
        self._stage: Stage | None = None
        self._context = self._identify(trace.set_span_in_context(self._span, parent), metadata)
        self._scope = ExitStack()
        self._scope.callback(context.detach, context.attach(self._context))
        self._scope.enter_context(within(servicer_context.time_remaining()))
        self._admitted = False

    def _believed(self, parent: Context) -> Context:
        return without_claims(parent) if self._side.stage is not None and self._side.stage.edge else parent

    def _identify(self, ctx: Context, metadata: dict[str, list[str]]) -> Context:
        """Mark a stage, and name the prediction where the request enters here."""
        stage = self._side.stage
        if stage is None or not self._is_stage:
            return ctx
        self._stage = self._side.stages.begin(self._span, stage.stage)
        ctx = self._stage.within(ctx)
        if prediction_in(ctx) is not None:
            return ctx
        consumer = attributes.ANONYMOUS
        if stage.edge:
            try:
                consumer = valid_consumer(metadata.get(attributes.CONSUMER_KEY, [None])[0])
            except HallmarkError as error:
                self._error = error
        return begin_prediction(self._span, consumer, ctx)

    def admit(self, request: Any) -> None:
        """Refuse what must not start: a bad consumer, an expired request, one that comes in the drain, one too many."""
        stage = self._side.stage
        if self._is_stage and stage is not None and stage.describe is not None:
            stage.describe(request)
        if self._error is not None:
            raise self._error
        left = remaining_s()
        if left is not None and left <= 0:
            raise HallmarkError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the deadline had passed on arrival"
            )
        if not self._is_stage:
            return
        if self._side.draining:
            raise HallmarkError(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN", "the service is shutting down; try again")
        if self._side.running >= self._side.max_concurrent:
            raise HallmarkError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "OVERLOADED",
                f"{self._side.max_concurrent} requests are being worked on already; try again later",
            )
        self._side.running += 1
        self._admitted = True

    def succeed(self) -> None:
        """End with OK, or with the code that the handler set."""
        self._end(_code_of(self._servicer_context))

    async def fail(self, error: BaseException) -> NoReturn:
        """End with the status that an exception means, and send it."""
        if isinstance(error, grpc.aio.AbortError):
            self._end(_code_of(self._servicer_context))
            raise error
        if not isinstance(error, Exception):
            self._end(self._cancellation(error), self._cancellation(error).name)
            raise error
        known = as_hallmark_error(error)
        if known is None:
            logger.error("a handler of %s failed", self._attributes["rpc.method"], exc_info=error)
            known = HallmarkError(grpc.StatusCode.INTERNAL, "INTERNAL", INTERNAL_MESSAGE)
        self._end(known.code, known.reason)
        await self._servicer_context.abort(known.code, known.message, self._trailing(known))
        raise AssertionError("abort returned")

    def _trailing(self, error: HallmarkError) -> tuple[tuple[str, str | bytes], ...]:
        """What the handler set, the details of the error, and at the edge the id of the prediction that failed."""
        found = dict(self._servicer_context.trailing_metadata() or ())
        found[DETAILS_KEY] = error.details()
        prediction = prediction_in(self._context)
        if prediction is not None and self._is_stage:
            found[attributes.PREDICTION_ID_KEY] = prediction.id
        return tuple(found.items())

    def close(self) -> None:
        """Give back what the call held."""
        if self._admitted:
            self._side.running -= 1
        self._scope.close()

    def _cancellation(self, error: BaseException) -> grpc.StatusCode:
        left = remaining_s()
        expired = left is not None and left <= _EXPIRY_TOLERANCE_S
        if expired and isinstance(error, asyncio.CancelledError):
            return grpc.StatusCode.DEADLINE_EXCEEDED
        return grpc.StatusCode.CANCELLED

    def _end(self, code: grpc.StatusCode, reason: str = "") -> None:
        failed = code in SERVER_FAULTS
        ended = end_attributes(code, error=failed)
        self._span.set_attributes(ended)
        if self._stage is not None:
            self._stage.end(code, reason)
        elif failed:
            self._span.set_status(StatusCode.ERROR)
        elapsed_s = time.perf_counter() - self._started
        self._side.duration.record(elapsed_s, metric_attributes(self._attributes) | ended, self._context)
        self._span.end()


async def _unimplemented(_requests: Any, _context: Any) -> AsyncIterator[Any]:
    raise HallmarkError(grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED", "no such method")
    yield  # makes this a generator, as the handler of a stream must be


def _parsed(handler: Any, request: bytes) -> Any:
    """The request as a message. gRPC itself would parse before this interceptor, and answer UNKNOWN with internals."""
    if handler.request_deserializer is None:
        return request
    try:
        return handler.request_deserializer(request)
    except DecodeError:
        raise invalid("request", "a serialized protobuf message", f"{len(request)} bytes that are none") from None


async def _parsed_stream(handler: Any, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _parsed(handler, request)


def _code_of(servicer_context: Any) -> grpc.StatusCode:
    code = servicer_context.code()
    return code if isinstance(code, grpc.StatusCode) else CODES.get(code or 0, grpc.StatusCode.UNKNOWN)


def _behaviour(handler: Any) -> Any:
    return handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream


def _factory(handler: Any) -> Any:
    if handler.request_streaming:
        streams = (grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler)
    else:
        streams = (grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler)
    return streams[handler.response_streaming]
