"""A TCP proxy that can be told to fail: cut at a byte offset, hang, refuse.

It runs in a thread of its own, so that it is used alike by ``with`` and ``async with``, and goes on while the event
loop under test is busy. What a method does is done when it returns.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Literal, Self, TypeVar

Found = TypeVar("Found")

Direction = Literal["to_target", "to_client"]

PIECE_BYTES = 65536
CALL_S = 10.0
FLUSH_S = 1.0
TURN_S = 0.01


class TcpProxy:
    """Passes connections to ``127.0.0.1:port`` on to ``127.0.0.1:target_port``; one that one side ends is ended."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.passed: dict[Direction, int] = {"to_target": 0, "to_client": 0}
        """Bytes so far, over all connections."""
        self.accepted = 0
        """Connections so far."""
        self.cuts = 0
        """How often something was cut."""
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._cut_at: dict[Direction, int] = {}

    def cut_after(self, count: int, direction: Direction) -> None:
        """Cut every connection once so many more bytes have passed in this direction; then let new ones pass."""
        self._call(lambda: self._cut_at.update({direction: self.passed[direction] + count}))

    def cut(self) -> None:
        """Cut every connection now."""
        self._call(self._cut)

    def pause(self) -> None:
        """Pass nothing on, and close nothing: new connections are accepted, and nobody answers."""
        self._call(self._flowing.clear)

    def resume(self) -> None:
        """Pass on again, what has waited first."""
        self._call(self._flowing.set)

    def refuse(self) -> None:
        """Cut every connection and take no new ones."""
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result(CALL_S)
        self.cut()

    def accept(self) -> None:
        """Take connections again, on the same port."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(CALL_S)

    def __enter__(self) -> Self:
        self._thread.start()
        self.resume()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(CALL_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_S)
        self._loop.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def _call(self, change: Callable[[], Found]) -> Found:
        async def changed() -> Found:
            return change()

        return asyncio.run_coroutine_threadsafe(changed(), self._loop).result(CALL_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        await asyncio.sleep(TURN_S)  # asyncio leaks a connection that is half accepted when its server is closed
        if self._server is not None:
            self._server.close()

    async def _pass(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        outs = [client_out]
        # Cancelled by a cut; a task of the server that ends cancelled would be reported.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            target_in, target_out = await asyncio.open_connection("127.0.0.1", self._target_port)
            outs.append(target_out)
            pumps = {
                asyncio.create_task(self._pump(client_in, target_out, "to_target")),
                asyncio.create_task(self._pump(target_in, client_out, "to_client")),
            }
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        for out in outs:
            await _closed(out)
        self._connections.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction) -> None:
        while data := await source.read(PIECE_BYTES):
            await self._flowing.wait()
            left = self._cut_at.get(direction, self.passed[direction] + len(data)) - self.passed[direction]
            sink.write(data[:left])
            self.passed[direction] += len(data[:left])
            if direction in self._cut_at and left <= len(data):
                del self._cut_at[direction]
                self._cut()
            await sink.drain()

    def _cut(self) -> None:
        self.cuts += bool(self._connections)
        for connection in self._connections:
            connection.cancel()

    async def _ended(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(TURN_S)  # transports that were closed call back once more


async def _closed(out: asyncio.StreamWriter) -> None:
    """What was written still goes out before the end of the stream, if the peer reads it."""
    out.close()
    with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(out.wait_closed(), FLUSH_S)
    out.transport.abort()
