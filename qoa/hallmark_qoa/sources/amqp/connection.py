"""pika's connection and channels, which speak through callbacks, as something to be awaited. No thread is involved."""

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar

from pika import ConnectionParameters
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.adapters.utils.io_services_utils import _AsyncTransportBase
from pika.channel import Channel as PikaChannel
from pika.exceptions import AMQPError

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.failure import End, EndedError, end_of
from hallmark_qoa.sources.amqp.settings import connection_parameters

Found = TypeVar("Found")

RECEIVE_BYTES = 2**16
"""Read from the socket at once, at most."""

# It tells of one failed attempt in up to nine lines, some with a stack; the callbacks say the same, and we do.
logging.getLogger("pika").setLevel(logging.CRITICAL)

# It reads 4 KB at a time, and each time copies all that it has of a frame, which may be 128 KB. There is no setting.
_AsyncTransportBase._MAX_RECV_BYTES = RECEIVE_BYTES


class Channel:
    """One channel; every method raises EndedError where the channel is over."""

    def __init__(self, pika: PikaChannel, opened: "asyncio.Future[Any]") -> None:
        self.closed: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.pika = pika
        self._opened = opened
        pika.add_on_close_callback(lambda _channel, reason: self._end(end_of(reason)))
        pika.add_on_cancel_callback(lambda _frame: self._end(End("it ended the subscription, as the queue is gone")))

    @property
    def is_usable(self) -> bool:
        """Whether something can be sent; not while it is being closed, either."""
        return not self.closed.done() and bool(self.pika.is_open)

    async def opened(self) -> None:
        """Return once it can be used."""
        await first(self._opened, self.closed)

    async def call(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a method of pika's channel that takes a callback, and return what RabbitMQ answers."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.send(method, *args, callback=lambda frame: _resolve(answer, frame), **options)
        return await first(answer, self.closed)

    def send(self, method: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Call a method of pika's channel that has no answer."""
        if self.closed.done():
            raise EndedError(self.closed.result())
        try:
            method(*args, **options)
        except AMQPError as error:
            raise EndedError(end_of(error)) from None
        except RuntimeError:
            # uvloop gives up a socket that has failed and says so only here (UVHandle._ensure_alive). pika would not
            # know before it misses heartbeats, for 40 s.
            lost = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            self.pika.connection._terminate_stream(lost)
            raise EndedError(end_of(lost)) from None

    def close(self) -> None:
        """Give back what is not acknowledged; at once where it is over already."""
        if self.pika.is_open:
            self.pika.close()

    def _end(self, reason: End) -> None:
        _resolve(self.closed, reason)


class Connection:
    """One connection to RabbitMQ, by the running event loop; to be made by :func:`connect`."""

    def __init__(self, parameters: ConnectionParameters) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[End] = loop.create_future()
        self._opened: asyncio.Future[Any] = loop.create_future()
        self.pika = AsyncioConnection(
            parameters,
            on_open_callback=lambda pika: _resolve(self._opened, pika),
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
        )

    async def opened(self) -> None:
        """Return once it is open; EndedError where that cannot be."""
        await first(self._opened, self.closed)

    async def channel(self) -> Channel:
        """Open a channel."""
        opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            channel = Channel(self.pika.channel(on_open_callback=lambda pika: _resolve(opened, pika)), opened)
        except AMQPError as error:
            raise EndedError(end_of(error)) from None
        await channel.opened()
        return channel

    def on_blocked(self, say: Callable[[str], None]) -> None:
        """Have something called with the reason when RabbitMQ stops reading what is published."""
        self.pika.add_on_connection_blocked_callback(lambda _pika, frame: say(frame.method.reason))

    async def close(self, timeout_s: float) -> None:
        """Send what was said already, then close; a peer that does not answer in time is left."""
        if not (self.pika.is_closed or self.pika.is_closing):
            self.pika.close()
        await asyncio.wait([self.closed], timeout=timeout_s)
        await self.abort()

    async def abort(self) -> None:
        """Close without a word."""
        if not self.closed.done():
            # pika has no public way that works in every state: close() waits for the peer, or raises in a handshake.
            self.pika._terminate_stream(ConnectionAbortedError())
            await self.closed

    def _on_end(self, _pika: Any, reason: BaseException) -> None:
        _resolve(self.closed, end_of(reason))


async def connect(parameters: ConnectionParameters, timeout_s: float) -> Connection:
    """Open a connection; EndedError where that cannot be."""
    connection = Connection(parameters)
    try:
        async with asyncio.timeout(timeout_s):
            await connection.opened()
    except TimeoutError:
        await connection.abort()
        raise EndedError(End(f"no answer within {timeout_s:g} s")) from None
    except asyncio.CancelledError:
        await connection.abort()
        raise
    return connection


async def connect_as(settings: Settings, name: str, timeout_s: float) -> Connection:
    """Open a connection that RabbitMQ shows by a name; EndedError where that cannot be."""
    try:
        parameters = connection_parameters(settings, f"hallmark-qoa: {name}")
    except StartupError as error:  # a file that was there at the start; read again, as a password may have changed
        raise EndedError(End(str(error), refused=True)) from None
    return await connect(parameters, timeout_s)


async def first(wanted: "asyncio.Future[Found]", over: "asyncio.Future[End]") -> Found:
    """What is wanted; EndedError where that comes first."""
    either: list[asyncio.Future[Any]] = [wanted, over]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if wanted.done():
        return wanted.result()
    raise EndedError(over.result())


def _resolve(future: "asyncio.Future[Any]", value: Any) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):  # who waited may have been cancelled
        future.set_result(value)
