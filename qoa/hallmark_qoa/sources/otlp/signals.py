"""What one OTLP export request means for the engine, whatever the transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from hallmark_qoa.sources.base import Sink


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the three kinds of telemetry that OTLP carries."""

    name: str
    """The last part of its HTTP path."""
    service: str
    """Full name of its gRPC service, whose one method is Export."""
    request: type[Message]
    take: Callable[[Sink, bytes], Awaitable[Message]]
    """Hands a serialized request to the engine; the answer is due once that has it.

    HallmarkError where it has not, DecodeError where it is no such request.
    """

    @property
    def complaint(self) -> str:
        """About a body that is no such request."""
        return f"not a {self.request.DESCRIPTOR.full_name}"


async def _take_traces(sink: Sink, request: bytes) -> Message:
    receipt = await sink.deliver(request)
    if not receipt.rejected:
        return ExportTraceServiceResponse()
    return ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=receipt.rejected, error_message=receipt.message)
    )


async def _take_metrics(sink: Sink, request: bytes) -> Message:
    resources = ExportMetricsServiceRequest.FromString(request).resource_metrics
    scopes = (scope for resource in resources for scope in resource.scope_metrics)
    sink.count_other("metrics", sum(len(scope.metrics) for scope in scopes))
    return ExportMetricsServiceResponse()


async def _take_logs(sink: Sink, request: bytes) -> Message:
    resources = ExportLogsServiceRequest.FromString(request).resource_logs
    scopes = (scope for resource in resources for scope in resource.scope_logs)
    sink.count_other("logs", sum(len(scope.log_records) for scope in scopes))
    return ExportLogsServiceResponse()


_PACKAGE = "opentelemetry.proto.collector"

TRACES = Signal("traces", f"{_PACKAGE}.trace.v1.TraceService", ExportTraceServiceRequest, _take_traces)
SIGNALS = (
    TRACES,
    Signal("metrics", f"{_PACKAGE}.metrics.v1.MetricsService", ExportMetricsServiceRequest, _take_metrics),
    Signal("logs", f"{_PACKAGE}.logs.v1.LogsService", ExportLogsServiceRequest, _take_logs),
)
"""Metrics and logs are accepted, so that an exporter set to send them does not fail, but only counted."""
