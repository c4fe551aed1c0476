"""Poison: messages that nobody can use go to an exchange of their own with the reason, and are confirmed there."""

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

from pika.spec import Basic, BasicProperties

from hallmark_qoa.sources.amqp_connection import Channel, Connection, first
from hallmark_qoa.sources.amqp_failure import End, EndedError
from hallmark_qoa.sources.amqp_message import Delivery, PoisonError
from hallmark_qoa.sources.amqp_pace import Pace

logger = logging.getLogger(__name__)

EXCHANGE = "hallmark.dead"
REASON = "hallmark-reason"
QUEUE = "hallmark-queue"

_MAX_HEADER_BYTES = 64 * 2**10
"""Properties must fit into one frame of 128 KiB, and ours come on top of what filled it before."""


class DeadLetters:
    """Publishes to ``hallmark.dead``, one message at a time.

    On a connection of its own, opened by the first message: RabbitMQ stops reading from a connection that publishes
    while it is short of memory or disk, and the acknowledgements of good messages must not be stuck behind that.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], pace: Pace) -> None:
        self._connect = connect
        self._pace = pace
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._channel: _ConfirmingChannel | None = None
        self._is_failing = False

    async def publish(self, delivery: Delivery, poison: PoisonError) -> None:
        """Return once RabbitMQ has confirmed the message, however often that has to be tried."""
        for failures in itertools.count(1):
            try:
                async with self._lock:
                    await (await self._opened()).publish(delivery, poison)
            except EndedError as error:
                self._say_failing(error.end)
                await asyncio.sleep(self._pace.retry_s(failures, random.random()))
            else:
                self._is_failing = False
                return

    async def close(self) -> None:
        """Close what was opened."""
        if self._connection is not None:
            await self._connection.close(self._pace.close_s)

    async def _opened(self) -> "_ConfirmingChannel":
        if self._connection is None or self._connection.closed.done():
            self._connection = await self._connect()
            self._connection.on_blocked(_say_blocked)
            self._channel = None
        if self._channel is None or self._channel.closed:
            self._channel = await _ConfirmingChannel.open(self._connection)
        return self._channel

    def _say_failing(self, end: End) -> None:
        if not self._is_failing:
            logger.warning("RabbitMQ does not take unusable messages at exchange %s: %s; they wait", EXCHANGE, end.text)
        self._is_failing = True


class _ConfirmingChannel:
    """A channel in confirm mode with at most one message under way."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._confirmed: asyncio.Future[End | None] | None = None
        self._returned = False

    @classmethod
    async def open(cls, connection: Connection) -> "_ConfirmingChannel":
        """Open a channel; EndedError where that cannot be."""
        opened = cls(await connection.channel())
        pika = opened._channel.pika
        pika.add_on_return_callback(opened._on_return)
        await opened._channel.call(pika.confirm_delivery, opened._on_confirm)
        return opened

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self._channel.closed.done()

    async def publish(self, delivery: Delivery, poison: PoisonError) -> None:
        """Publish and wait for the confirm; EndedError where it is refused or cannot come any more."""
        self._returned = False
        self._confirmed = asyncio.get_running_loop().create_future()
        # mandatory: were no queue bound, RabbitMQ would confirm the message and drop it.
        self._channel.send(
            self._channel.pika.basic_publish,
            EXCHANGE,
            delivery.properties.type or "",
            delivery.body,
            marked(delivery, poison),
            mandatory=True,
        )
        refusal = await first(self._confirmed, self._channel.closed)
        if refusal is not None:
            raise EndedError(refusal)

    def _on_return(self, *_message: Any) -> None:
        self._returned = True  # the confirm of the same message follows

    def _on_confirm(self, frame: Any) -> None:
        if self._confirmed is None or self._confirmed.done():
            return
        if self._returned:
            self._confirmed.set_result(End("no queue is bound to it; see rabbitmq/topology.json"))
        elif isinstance(frame.method, Basic.Nack):
            self._confirmed.set_result(End("its queue is full"))
        else:
            self._confirmed.set_result(None)


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
