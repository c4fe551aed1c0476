"""Watchers: records to whoever follows them, bounded for each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import Filter


class Watcher:
    """One who follows. Where it is too slow the oldest waiting records are skipped, and it is told how many."""

    def __init__(self, which: Filter, queue_size: int) -> None:
        self._which = which
        self._queue_size = queue_size
        self._waiting: deque[QualityRecord] = deque()
        self._missed = 0
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, record: QualityRecord) -> None:
        """Put a record in the queue if it is one of those asked for; never waits."""
        if not _matches(self._which, record):
            return
        if len(self._waiting) >= self._queue_size:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(record)
        self._wake.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._wake.set()

    async def events(self) -> AsyncIterator[QualityRecord | int]:
        """Records, and before a record the number of those skipped since the event before; ends with :meth:`end`."""
        while True:
            if self._missed:
                missed, self._missed = self._missed, 0
                yield missed
            elif self._waiting:
                yield self._waiting.popleft()
            elif self._ended:
                return
            else:
                self._wake.clear()
                await self._wake.wait()


class Watchers:
    """All who follow."""

    def __init__(self, queue_size: int) -> None:
        self._queue_size = queue_size
        self._watchers: set[Watcher] = set()
        self._ended = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self._watchers)

    @contextmanager
    def watching(self, which: Filter) -> Iterator[Watcher]:
        """A watcher that gets every record published while inside."""
        watcher = Watcher(which, self._queue_size)
        self._watchers.add(watcher)
        if self._ended:
            watcher.end()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def publish(self, record: QualityRecord) -> None:
        """Offer a record to everyone; never waits."""
        for watcher in self._watchers:
            watcher.offer(record)

    def end(self) -> None:
        """End every watch after what is waiting in it, and those that begin later."""
        self._ended = True
        for watcher in self._watchers:
            watcher.end()


def _matches(which: Filter, record: QualityRecord) -> bool:
    return (
        (not which.consumer or which.consumer == record.consumer)
        and (not which.model or which.model == record.model.name)
        and (not which.status or which.status == record.status)
    )
