"""The proxy that the tests of faults rely on does what it says."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from tests.support.proxy import TcpProxy
from tests.support.waiting import eventually, until


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    """Says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def say(port: int, data: bytes) -> bytes:
    """What comes back until all is there or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await reader.readexactly(len(data))
    except asyncio.IncompleteReadError as end:
        return end.partial
    finally:
        writer.close()


@pytest.mark.parametrize("offset", [0, 1, 500, 4999])
async def test_cut_to_the_client_is_exact(echo_port: int, offset: int) -> None:
    data = bytes(range(250)) * 20
    async with TcpProxy(echo_port) as proxy:
        proxy.cut_after(offset, "to_client")
        assert await say(proxy.port, data) == data[:offset]
        assert (proxy.passed["to_client"], proxy.cuts) == (offset, 1)


async def test_cut_to_the_target_is_exact_and_holds_once(echo_port: int) -> None:
    async with TcpProxy(echo_port) as proxy:
        proxy.cut_after(3, "to_target")
        await say(proxy.port, b"abcdef")
        assert proxy.passed["to_target"] == 3
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"abcdef")
        assert await reader.readexactly(6) == b"abcdef"
        writer.close()


async def test_pause_and_resume(echo_port: int) -> None:
    async with TcpProxy(echo_port) as proxy:
        proxy.pause()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"abc")
        await eventually(lambda: proxy.accepted == 1)
        assert proxy.passed == {"to_target": 0, "to_client": 0}
        proxy.resume()
        assert await reader.readexactly(3) == b"abc"
        writer.close()


def test_refuse_and_accept_without_an_event_loop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as target, TcpProxy(target.getsockname()[1]) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            until(lambda: proxy.accepted == 1)
            proxy.refuse()
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port))
        proxy.accept()
        socket.create_connection(("127.0.0.1", proxy.port)).close()
        until(lambda: proxy.accepted == 2)
