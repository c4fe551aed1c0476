"""A real grpc.aio server and channel with our interceptors, and what they record."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from hallmark_common.interceptors.client import ClientSide
from hallmark_common.interceptors.server import ServerTelemetry, StageMethod
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from tests.support.waiting import eventually


@dataclass
class Recorder:
    """Telemetry that stays in memory."""

    telemetry: Telemetry
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    collected: Any = None

    def spans(self, kind: SpanKind | None = None) -> list[ReadableSpan]:
        assert self.telemetry.tracer_provider.force_flush(5000)
        return [span for span in self.exporter.get_finished_spans() if kind is None or span.kind is kind]

    async def ended(self, kind: SpanKind, count: int = 1) -> list[ReadableSpan]:
        """The spans of a kind, once there are so many."""
        await eventually(lambda: len(self.spans(kind)) >= count, f"{count} spans have ended")
        return self.spans(kind)

    def durations(self, name: str) -> list[Any]:
        # Collected once: reading empties the exemplars.
        self.collected = data = self.collected or self.reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry = Telemetry("hallmark-test", Settings(), span_exporter=exporter, metric_readers=[reader])
    yield Recorder(telemetry, exporter, reader)
    telemetry.shutdown()


@dataclass
class Pair:
    """A running server and a channel to it."""

    channel: grpc.aio.Channel
    target: str
    interceptor: ServerTelemetry

    def unary(self, method: str = "Unary") -> Any:
        return self.channel.unary_unary(f"/test.v1.Test/{method}")

    def unary_stream(self, method: str = "UnaryStream") -> Any:
        return self.channel.unary_stream(f"/test.v1.Test/{method}")

    def stream_unary(self, method: str = "StreamUnary") -> Any:
        return self.channel.stream_unary(f"/test.v1.Test/{method}")

    def stream_stream(self, method: str = "StreamStream") -> Any:
        return self.channel.stream_stream(f"/test.v1.Test/{method}")


Serve = Callable[..., Any]


@pytest.fixture
def serve(recorder: Recorder) -> Serve:
    """``async with serve({"Unary": handler, …}, stage=…)``: the four names give the kind of the handler."""
    makers = {
        "UnaryStream": grpc.unary_stream_rpc_method_handler,
        "StreamUnary": grpc.stream_unary_rpc_method_handler,
        "StreamStream": grpc.stream_stream_rpc_method_handler,
    }

    @asynccontextmanager
    async def start(
        handlers: dict[str, Any], *, stage: StageMethod | None = None, max_concurrent: int = 10, parse: Any = None
    ) -> AsyncIterator[Pair]:
        tracer = recorder.telemetry.tracer_provider.get_tracer("test")
        meter = recorder.telemetry.meter_provider.get_meter("test")
        interceptor = ServerTelemetry(
            tracer, meter, address="127.0.0.1", port=1, stage=stage, max_concurrent=max_concurrent
        )
        server = grpc.aio.server(interceptors=[interceptor])
        methods = {
            name: makers.get(name, grpc.unary_unary_rpc_method_handler)(fn, parse) for name, fn in handlers.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.v1.Test", methods),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        target = f"127.0.0.1:{port}"
        side = ClientSide(tracer, meter, target, {"test.v1.Test/Unary": "next"})
        try:
            async with grpc.aio.insecure_channel(target, interceptors=side.interceptors()) as channel:
                yield Pair(channel, target, interceptor)
        finally:
            await server.stop(None)

    return start
