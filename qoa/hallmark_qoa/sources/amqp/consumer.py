"""One queue: subscribe, hand deliveries on, acknowledge what is done; again and again while the connection lives."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hallmark_qoa.sources.amqp.acks import AckWindow
from hallmark_qoa.sources.amqp.connection import Channel, Connection
from hallmark_qoa.sources.amqp.counters import AmqpCounters
from hallmark_qoa.sources.amqp.failure import End, EndedError
from hallmark_qoa.sources.amqp.message import Delivery
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.turns import Turns

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Consumption:
    """What is the same for all queues of a source."""

    take: Callable[[Delivery], Awaitable[None]]
    """Returns once the message may be acknowledged."""
    prefetch: int
    """Messages of one queue that are not acknowledged, at most."""
    counters: AmqpCounters
    pace: Pace
    turns: Turns = field(default_factory=Turns)


class QueueConsumer:
    """Consumes one queue on a channel of its own.

    One channel a queue: a missing queue or an unacknowledged message that is too old closes only that channel, and
    ``multiple`` acknowledgements, which go by channel, are not held up by another shard.
    """

    def __init__(self, queue: str, how: Consumption) -> None:
        self.queue = queue
        self._how = how
        self._subscription: _Subscription | None = None
        self._is_stopping = False
        self._is_failing = False

    async def run(self, connection: Connection) -> None:
        """Consume until the connection is closed."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not connection.closed.done() and not self._is_stopping:
            begun_s = loop.time()
            end = await self._consume(connection)
            if connection.closed.done():
                return
            self._say_failing(end)
            failures = self._how.pace.failures(failures, loop.time() - begun_s)
            delay_s = self._how.pace.retry_s(failures, random.random(), refused=end.refused)
            await asyncio.wait([connection.closed], timeout=delay_s)

    async def unsubscribe(self) -> None:
        """Take no more deliveries; what was taken goes on."""
        self._is_stopping = True
        if self._subscription is not None:
            await self._subscription.cancel()

    @property
    def under_way(self) -> set[asyncio.Task[None]]:
        """Deliveries that are not done."""
        return self._subscription.tasks if self._subscription is not None else set()

    async def _consume(self, connection: Connection) -> End:
        try:
            channel = await connection.channel()
        except EndedError as error:
            return error.end
        self._subscription = _Subscription(self.queue, channel, self._how)
        try:
            await self._subscription.start()
            self._say_consuming()
            return await self._lived(channel)
        except EndedError as error:
            return error.end
        finally:
            self._subscription.abandon()
            self._subscription = None

    async def _lived(self, channel: Channel) -> End:
        self._how.counters.queues += 1
        try:
            return await asyncio.shield(channel.closed)  # others wait for it too, when this is cancelled
        finally:
            self._how.counters.queues -= 1

    def _say_failing(self, end: End) -> None:
        if not self._is_failing:
            logger.warning("queue %s cannot be consumed: RabbitMQ: %s; it is tried again", self.queue, end.text)
        self._is_failing = True

    def _say_consuming(self) -> None:
        if self._is_failing:
            logger.info("queue %s is consumed again", self.queue)
        self._is_failing = False


class _Subscription:
    """The deliveries of one channel, from the subscription to its end."""

    def __init__(self, queue: str, channel: Channel, how: Consumption) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self._queue = queue
        self._channel = channel
        self._how = how
        self._window = AckWindow()
        self._flush_is_due = False
        self._is_cancelled = False
        self._tag = f"hallmark-qoa.{queue}"

    async def start(self) -> None:
        """Subscribe; EndedError where that cannot be."""
        pika = self._channel.pika
        await self._channel.call(pika.basic_qos, prefetch_count=self._how.prefetch)
        await self._channel.call(pika.basic_consume, self._queue, self._on_message, consumer_tag=self._tag)

    async def cancel(self) -> None:
        """Return once no more deliveries can come."""
        if not self._is_cancelled:
            self._is_cancelled = True
            await self._channel.call(self._channel.pika.basic_cancel, self._tag)

    def abandon(self) -> None:
        """Stop working on what is not acknowledged: RabbitMQ delivers it again."""
        for task in self.tasks:
            task.cancel()
        self._channel.close()

    def _flush(self) -> None:
        """Acknowledge what is done; nothing where the channel is over, as the deliveries are no longer ours then."""
        self._flush_is_due = False
        if not self._channel.is_usable:
            return
        with contextlib.suppress(EndedError):  # then they come again
            for ack in self._window.take():
                self._channel.send(self._channel.pika.basic_ack, ack.tag, multiple=ack.multiple)
                self._how.counters.messages["acknowledged"] += ack.count

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._window.received(method.delivery_tag)
        delivery = Delivery(self._queue, properties, body, method.redelivered)
        self._how.turns.add(lambda: self._begin(method.delivery_tag, delivery))

    def _begin(self, tag: int, delivery: Delivery) -> None:
        if self._is_cancelled or not self._channel.is_usable:
            return  # it is delivered again, to who consumes then
        task = asyncio.create_task(self._work(tag, delivery))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _work(self, tag: int, delivery: Delivery) -> None:
        await self._how.take(delivery)
        self._window.completed(tag)
        if not self._flush_is_due:
            # By the next turn of the loop all deliveries of the same commit are done: they share one acknowledgement.
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)
