"""Publishes to RabbitMQ, one message at a time, each confirmed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pika.spec import Basic, BasicProperties

from hallmark_qoa.sources.amqp.connection import Channel, Connection, first
from hallmark_qoa.sources.amqp.failure import End, EndedError


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be published."""

    exchange: str
    routing_key: str
    body: bytes
    properties: BasicProperties
    mandatory: bool
    """Whether a queue must be bound for it: RabbitMQ confirms and drops others."""


class Publisher:
    """A connection of its own, opened by the first message, and by the next one where it was lost.

    Of its own, because RabbitMQ stops reading from a connection that publishes while it is short of memory or disk, and
    the acknowledgements of what is consumed must not be stuck behind that.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], on_blocked: Callable[[str], None]) -> None:
        self._connect = connect
        self._on_blocked = on_blocked
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._channel: _ConfirmingChannel | None = None

    async def publish(self, message: Outgoing) -> None:
        """Return once RabbitMQ has confirmed it; EndedError where it does not."""
        async with self._lock:
            await (await self._opened()).publish(message)

    async def close(self, timeout_s: float) -> None:
        """Close what was opened."""
        if self._connection is not None:
            await self._connection.close(timeout_s)

    async def _opened(self) -> "_ConfirmingChannel":
        if self._connection is None or self._connection.closed.done():
            self._connection = await self._connect()
            self._connection.on_blocked(self._on_blocked)
            self._channel = None
        if self._channel is None or self._channel.closed:
            self._channel = await _ConfirmingChannel.open(self._connection)
        return self._channel


class _ConfirmingChannel:
    """A channel in confirm mode with at most one message under way."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._confirmed: asyncio.Future[End | None] | None = None
        self._returned = False
        self._tag = 0
        """Of the last message; RabbitMQ counts the messages of a channel from 1."""

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

    async def publish(self, message: Outgoing) -> None:
        """Publish and wait for the confirm; EndedError where it is refused or cannot come any more."""
        self._tag += 1
        self._confirmed = asyncio.get_running_loop().create_future()
        self._channel.send(
            self._channel.pika.basic_publish,
            message.exchange,
            message.routing_key,
            message.body,
            message.properties,
            mandatory=message.mandatory,
        )
        refusal = await first(self._confirmed, self._channel.closed)
        if refusal is not None:
            raise EndedError(refusal)

    def _on_return(self, *_message: Any) -> None:
        self._returned = True  # the confirm of the same message follows

    def _on_confirm(self, frame: Any) -> None:
        returned, self._returned = self._returned, False
        if frame.method.delivery_tag < self._tag or self._confirmed is None or self._confirmed.done():
            return  # of a message whose sender has given up
        if returned:
            self._confirmed.set_result(End("no queue is bound to it; see rabbitmq/topology.json"))
        elif isinstance(frame.method, Basic.Nack):
            self._confirmed.set_result(End("its queue is full"))
        else:
            self._confirmed.set_result(None)
