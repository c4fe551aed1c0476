"""A receiver of OTLP traces over gRPC that keeps what it got: what Tempo would have been given."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class OtlpSink(TraceServiceServicer):
    """The spans that were exported to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Span] = []

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:  # noqa: ARG002
        """Keep the spans of a request."""
        with self._lock:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    self._spans += scope.spans
        return ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Span]:
        """What has come so far."""
        with self._lock:
            return list(self._spans)

    @property
    def traces(self) -> set[str]:
        """The ids of the traces that have come so far."""
        return {span.trace_id.hex() for span in self.spans}


@contextmanager
def otlp_sink(port: int) -> Iterator[OtlpSink]:
    """A sink that listens on a port."""
    sink = OtlpSink()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    add_TraceServiceServicer_to_server(sink, server)  # type: ignore[no-untyped-call]  # generated without types
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield sink
    finally:
        server.stop(None).wait()
