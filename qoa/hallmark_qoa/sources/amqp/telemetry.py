"""From a message with telemetry to the engine."""

from google.protobuf.message import DecodeError

from hallmark_qoa.sources.amqp.message import Delivery, PoisonError, read
from hallmark_qoa.sources.base import Sink
from hallmark_qoa.sources.otlp.signals import TRACES, Signal

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
        try:
            await self._take(signal, request)
        except DecodeError:
            raise PoisonError("body", signal.complaint) from None

    async def _take(self, signal: Signal, request: bytes) -> None:
        if signal is not TRACES:
            await signal.take(self._sink, request)
            return
        receipt = await self._sink.deliver(request, kept=True)
        if receipt.rejected:
            raise PoisonError("malformed_spans", receipt.message)
