"""One message a turn of the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Begins one piece of work a turn of the event loop.

    A read of the socket may bring hundreds of messages. Were each begun at once, all would be decoded before anything
    else had its turn, heartbeats among it, and RabbitMQ would take the engine for dead.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, begin: Callable[[], None]) -> None:
        """Have it called when those before it have had their turn."""
        self._waiting.append(begin)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        begin = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        begin()
