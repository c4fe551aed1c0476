"""How many predictions web works on at once where no gRPC interceptor counts them: over HTTP and within streams."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from hallmark_common.errors import HallmarkError


class Admission:
    """A bound without a queue: what is too much is refused at once, so that the caller can go elsewhere."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Be one of at most ``limit``; RESOURCE_EXHAUSTED, reason OVERLOADED, for one too many."""
        if self._running >= self._limit:
            message = f"{self._limit} requests are being worked on already; try again later"
            raise HallmarkError(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", message)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
