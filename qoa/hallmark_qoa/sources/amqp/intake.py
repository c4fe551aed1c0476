"""What becomes of one message: to who uses it, or to the dead letters."""

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable

import grpc

from hallmark_common.errors import HallmarkError
from hallmark_qoa.sources.amqp.counters import AmqpCounters
from hallmark_qoa.sources.amqp.dead import DeadLetters
from hallmark_qoa.sources.amqp.message import Delivery, PoisonError, is_redelivery
from hallmark_qoa.sources.amqp.pace import Pace

logger = logging.getLogger(__name__)

UNROUTED = "unrouted"

_MAX_ATTEMPTS = 5
"""So often the engine may fail over one message for a reason of its own; then that message is put aside."""

Use = Callable[[Delivery], Awaitable[None]]
"""Returns once the message may be acknowledged.

PoisonError, or a HallmarkError other than UNAVAILABLE, where it never can be used; UNAVAILABLE to be tried again.
"""


class Intake:
    """Takes deliveries from queues and has them used."""

    def __init__(self, use: Use, dead_letters: DeadLetters, counters: AmqpCounters, pace: Pace) -> None:
        self._use = use
        self._dead_letters = dead_letters
        self._counters = counters
        self._pace = pace

    async def take(self, delivery: Delivery) -> None:
        """Return once the message may be acknowledged."""
        self._count(delivery)
        try:
            await self._until_used(delivery)
        except PoisonError as poison:
            await self._dead_letters.publish(delivery, poison)
            self._counters.messages[f"dead_lettered.{poison.reason}"] += 1

    async def _until_used(self, delivery: Delivery) -> None:
        """Try until it is used.

        The message stays unacknowledged meanwhile: given back, it would come again at once, and its delivery limit
        would be used up within seconds.
        """
        faults = 0
        for failures in itertools.count(1):
            try:
                await self._use(delivery)
            except PoisonError:
                raise
            except HallmarkError as error:
                if error.code != grpc.StatusCode.UNAVAILABLE:
                    raise PoisonError("refused", error.message) from None
            except Exception as error:
                logger.exception("the engine failed over a message")
                faults += 1
                if faults == _MAX_ATTEMPTS:
                    raise PoisonError("engine_fault", f"the engine failed: {type(error).__name__}") from None
            else:
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
