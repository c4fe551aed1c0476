"""From a message with telemetry to the engine."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_qoa.sources.amqp.message import Delivery, PoisonError, read
from hallmark_qoa.sources.base import Sink

_SIZE_FACTOR = 4
"""The collector puts several requests into one message, so it may be so many times larger than a request."""


class TelemetryMessages:
    """Has messages with spans stored, and counts those with other signals."""

    def __init__(self, sink: Sink, max_request_bytes: int) -> None:
        self._sink = sink
        self._max_bytes = max_request_bytes * _SIZE_FACTOR

    async def use(self, delivery: Delivery) -> None:
        """See :data:`hallmark_qoa.sources.amqp.intake.Use`."""
        signal, request = read(delivery, self._max_bytes)
        if not isinstance(request, ExportTraceServiceRequest):
            await signal.take(self._sink, request)
            return
        receipt = await self._sink.deliver(request, kept=True)
        if receipt.rejected:
            raise PoisonError("malformed_spans", receipt.message)
