"""Poison: messages that nobody can use go to an exchange of their own with the reason, and are confirmed there."""

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable

from pika.spec import BasicProperties

from hallmark_qoa.sources.amqp.connection import Connection
from hallmark_qoa.sources.amqp.failure import End, EndedError
from hallmark_qoa.sources.amqp.message import Delivery, PoisonError
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.publisher import Outgoing, Publisher

logger = logging.getLogger(__name__)

EXCHANGE = "hallmark.dead"
REASON = "hallmark-reason"
QUEUE = "hallmark-queue"

_MAX_HEADER_BYTES = 64 * 2**10
"""Properties must fit into one frame of 128 KiB, and ours come on top of what filled it before."""


class DeadLetters:
    """Publishes to ``hallmark.dead``, one message at a time."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], pace: Pace) -> None:
        self._publisher = Publisher(connect, _say_blocked)
        self._pace = pace
        self._is_failing = False

    async def publish(self, delivery: Delivery, poison: PoisonError) -> None:
        """Return once RabbitMQ has confirmed the message, however often that has to be tried."""
        key = delivery.properties.type or ""
        # mandatory: were no queue bound, RabbitMQ would confirm the message and drop it.
        message = Outgoing(EXCHANGE, key, delivery.body, marked(delivery, poison), mandatory=True)
        for failures in itertools.count(1):
            try:
                await self._publisher.publish(message)
            except EndedError as error:
                self._say_failing(error.end)
                await asyncio.sleep(self._pace.retry_s(failures, random.random()))
            else:
                self._is_failing = False
                return

    async def close(self) -> None:
        """Close what was opened."""
        await self._publisher.close(self._pace.close_s)

    def _say_failing(self, end: End) -> None:
        if not self._is_failing:
            logger.warning("RabbitMQ does not take unusable messages at exchange %s: %s; they wait", EXCHANGE, end.text)
        self._is_failing = True


def marked(delivery: Delivery, poison: PoisonError) -> BasicProperties:
    """The properties of a message with where it was and why nobody can use it."""
    original = delivery.properties
    kept = dict(original.headers or {}) if _fits(original) else {}
    return BasicProperties(
        content_type=original.content_type,
        content_encoding=original.content_encoding,
        headers={**kept, REASON: str(poison), QUEUE: delivery.queue},
        delivery_mode=2,
        priority=original.priority,
        correlation_id=original.correlation_id,
        reply_to=original.reply_to,
        message_id=original.message_id,
        timestamp=original.timestamp,
        type=original.type,
        app_id=original.app_id,
        # Not user_id, which must be that of who publishes, and not expiration: it is to be seen by people.
    )


def _fits(properties: BasicProperties) -> bool:
    try:
        return sum(map(len, properties.encode())) <= _MAX_HEADER_BYTES
    except Exception:  # pika reads headers that it cannot write
        return False


def _say_blocked(reason: str) -> None:
    logger.warning("RabbitMQ takes no messages for now (%s); unusable ones wait", reason)
