"""What becomes of one message: to the engine, or to the dead letters."""

import asyncio
import itertools
import logging
import random

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_common.errors import HallmarkError
from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp_counters import AmqpCounters
from hallmark_qoa.sources.amqp_dead import DeadLetters
from hallmark_qoa.sources.amqp_message import Delivery, PoisonError, is_redelivery, read
from hallmark_qoa.sources.amqp_pace import Pace
from hallmark_qoa.sources.base import Sink

logger = logging.getLogger(__name__)

METRICS = "metrics"
UNROUTED = "unrouted"

_SIZE_FACTOR = 4
"""The collector puts several requests into one message, so it may be so many times larger than a request."""
_MAX_ATTEMPTS = 5
"""So often the engine may fail over one message for a reason of its own; then that message is put aside."""


class Intake:
    """Takes deliveries from all queues."""

    def __init__(
        self, settings: Settings, sink: Sink, dead_letters: DeadLetters, counters: AmqpCounters, pace: Pace
    ) -> None:
        self._max_bytes = settings.max_request_bytes * _SIZE_FACTOR
        self._sink = sink
        self._dead_letters = dead_letters
        self._counters = counters
        self._pace = pace

    async def take(self, delivery: Delivery) -> None:
        """Return once the message may be acknowledged."""
        self._count(delivery)
        try:
            await self._pass_on(delivery)
        except PoisonError as poison:
            await self._dead_letters.publish(delivery, poison)
            self._counters.messages[f"dead_lettered.{poison.reason}"] += 1

    async def _pass_on(self, delivery: Delivery) -> None:
        signal, request = read(delivery, self._max_bytes)
        if isinstance(request, ExportTraceServiceRequest):
            await self._deliver(request)
        else:
            await signal.take(self._sink, request)

    async def _deliver(self, request: ExportTraceServiceRequest) -> None:
        """Try until the engine has it.

        The message stays unacknowledged meanwhile: given back, it would come again at once, and its delivery limit
        would be used up within seconds.
        """
        faults = 0
        for failures in itertools.count(1):
            try:
                receipt = await self._sink.deliver(request, kept=True)
            except HallmarkError as error:
                if error.code != grpc.StatusCode.UNAVAILABLE:
                    raise PoisonError("refused", error.message) from None
            except Exception as error:
                logger.exception("the engine failed over a message")
                faults += 1
                if faults == _MAX_ATTEMPTS:
                    raise PoisonError("engine_fault", f"the engine failed: {type(error).__name__}") from None
            else:
                if receipt.rejected:
                    raise PoisonError("malformed_spans", receipt.message)
                return
            self._counters.messages["postponed"] += 1
            await asyncio.sleep(self._pace.retry_s(failures, random.random()))

    def _count(self, delivery: Delivery) -> None:
        counts = self._counters.messages
        counts["received"] += 1
        if delivery.queue == UNROUTED:
            counts["unrouted"] += 1
        if is_redelivery(delivery):
            counts["redelivered"] += 1
