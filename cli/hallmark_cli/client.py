"""Channels from the command line to web and qoa."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from hallmark_cli.errors import CliError, from_call, unreachable
from hallmark_common.attributes import CONSUMER_KEY
from hallmark_common.settings import Settings

MAX_ANSWER_BYTES = 2**30
CONNECT_TIMEOUT_S = 3.0


@asynccontextmanager
async def channel_to(settings: Settings, service: str) -> AsyncIterator[grpc.aio.Channel]:
    """An open channel to ``web`` or ``qoa``; a failed call inside becomes a :class:`CliError`."""
    options = [("grpc.max_receive_message_length", MAX_ANSWER_BYTES), ("grpc.initial_reconnect_backoff_ms", 200)]
    async with grpc.aio.insecure_channel(settings.target(service), options=options) as channel:
        try:
            yield channel
        except grpc.aio.AioRpcError as error:
            raise from_call(error, settings, service) from None


async def require_ready(channel: grpc.aio.Channel, settings: Settings, service: str) -> None:
    """Wait for the connection; :class:`CliError` where nobody answers."""
    try:
        await asyncio.wait_for(channel.channel_ready(), CONNECT_TIMEOUT_S)
    except TimeoutError:
        raise unreachable(settings, service) from None


def consumer_metadata(consumer: str | None) -> tuple[tuple[str, str], ...]:
    """Metadata by which a client names itself; empty for nobody in particular."""
    if not consumer:
        return ()
    if not consumer.isascii() or not consumer.isprintable():
        raise CliError(f"--consumer {consumer!r}: a name is made of printable ASCII characters")
    return ((CONSUMER_KEY, consumer),)
