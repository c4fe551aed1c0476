"""Watchers: records and changes of verdicts to whoever follows them, bounded for each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import Filter

Item = TypeVar("Item")
Which = TypeVar("Which")


class Watcher(Generic[Item]):
    """One who follows. Where it is too slow the oldest waiting items are skipped, and it is told how many."""

    def __init__(self, wants: Callable[[Item], bool], queue_size: int) -> None:
        self._wants = wants
        self._queue_size = queue_size
        self._waiting: deque[Item] = deque()
        self._missed = 0
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, item: Item) -> None:
        """Put an item in the queue if it is one of those asked for; never waits."""
        if not self._wants(item):
            return
        if len(self._waiting) >= self._queue_size:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(item)
        self._wake.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._wake.set()

    async def events(self) -> AsyncIterator[Item | int]:
        """Items, and before an item the number of those skipped since the event before; ends with :meth:`end`."""
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


class Following(Generic[Which, Item]):
    """All who follow items of one kind, each those that it asked for."""

    def __init__(self, queue_size: int, matches: Callable[[Which, Item], bool]) -> None:
        self._queue_size = queue_size
        self._matches = matches
        self._watchers: set[Watcher[Item]] = set()
        self._ended = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self._watchers)

    @contextmanager
    def watching(self, which: Which) -> Iterator[Watcher[Item]]:
        """A watcher that gets every such item published while inside."""
        watcher: Watcher[Item] = Watcher(lambda item: self._matches(which, item), self._queue_size)
        self._watchers.add(watcher)
        if self._ended:
            watcher.end()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def publish(self, item: Item) -> None:
        """Offer an item to everyone; never waits."""
        for watcher in self._watchers:
            watcher.offer(item)

    def end(self) -> None:
        """End every watch after what is waiting in it, and those that begin later."""
        self._ended = True
        for watcher in self._watchers:
            watcher.end()


class Watchers(Following[Filter, QualityRecord]):
    """All who follow records."""

    def __init__(self, queue_size: int) -> None:
        super().__init__(queue_size, _is_record_of)


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes of verdicts; what is empty does not filter."""

    consumer: str = ""
    model: str = ""
    silenced: bool = False
    """Also those that contracts silence."""


class VerdictWatchers(Following[ChangeFilter, VerdictChange]):
    """All who follow changes of verdicts."""

    def __init__(self, queue_size: int) -> None:
        super().__init__(queue_size, _is_change_of)


def _is_record_of(which: Filter, record: QualityRecord) -> bool:
    return (
        (not which.consumer or which.consumer == record.consumer)
        and (not which.model or which.model == record.model.name)
        and (not which.status or which.status == record.status)
    )


def _is_change_of(which: ChangeFilter, change: VerdictChange) -> bool:
    return (
        (which.silenced or not change.silenced)
        and (not which.consumer or which.consumer == change.verdict.consumer)
        and (not which.model or which.model == change.verdict.model)
    )
