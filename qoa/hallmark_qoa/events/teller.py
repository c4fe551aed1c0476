"""Teller: takes the changes of verdicts that nobody was told from the store, tells them, and says so to the store.

What is told twice, because an engine ended between telling and saying so, has the same id both times.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence, Set

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.events.base import EventSink
from hallmark_qoa.events.counters import EventCounters
from hallmark_qoa.events.outlet import Outlet
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.stores.base import Event, Store

logger = logging.getLogger(__name__)

MAX_AT_ONCE = 1000
"""Changes in memory: one sink may be so far ahead of another."""

LOOK_S = 1.0
"""Between two looks into the store, unless something wakes the teller."""


class Teller:
    """Tells each change, unless a contract silences it, to every sink."""

    def __init__(
        self, store: Store, sinks: Sequence[EventSink], *, pace: Pace | None = None, look_s: float = LOOK_S
    ) -> None:
        self.counters = EventCounters()
        self._store = store
        self._sinks = sinks
        self._look_s = look_s
        self._outlets = [Outlet(sink, self.counters, pace or Pace(), self._one_less) for sink in sinks]
        self._left: dict[str, int] = {}
        """Sinks that have not had a change, by its id; it is removed once the store knows."""
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """Changes that it has taken on and that not every sink has had."""
        return sum(left > 0 for left in self._left.values())

    def start(self) -> None:
        """Begin to tell."""
        self._tasks = [asyncio.create_task(outlet.run()) for outlet in self._outlets]
        self._tasks.append(asyncio.create_task(self._run()))

    async def stop(self, grace_s: float) -> None:
        """Tell what there is, for ``grace_s`` at most and while no sink fails; the store keeps the rest."""
        if self._tasks:
            await _cancelled(self._tasks.pop())
        try:
            async with asyncio.timeout(grace_s):
                await self._finish()
        except TimeoutError:
            pass
        except Exception:
            logger.exception("the store failed; changes of verdicts are told by the next engine")
        for task in self._tasks:
            await _cancelled(task)
        for sink in self._sinks:
            await sink.close()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._look()
            except Exception:
                logger.exception("the store failed; changes of verdicts are told later")
                await asyncio.sleep(self._look_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._wake.wait()

    async def _finish(self) -> None:
        while True:
            self._wake.clear()
            await self._look()
            if 0 not in self._left.values() and not any(outlet.is_busy for outlet in self._outlets):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._wake.wait()

    async def _look(self) -> None:
        """Say what has been told, begin to tell what has not, and leave to others what they have taken over."""
        done = [identity for identity, left in self._left.items() if left == 0]
        if done:
            await self._store.told(done)
            for identity in done:
                del self._left[identity]
        events = await self._store.untold(MAX_AT_ONCE)
        for event in events:
            if event.id not in self._left:
                self._begin(event)
        self._leave(self._left.keys() - {event.id for event in events})

    def _begin(self, event: Event) -> None:
        change = VerdictChange.FromString(event.change)
        outlets = [] if change.silenced else self._outlets
        self._left[event.id] = len(outlets)
        for outlet in outlets:
            outlet.add(change)
        if not outlets:
            self._wake.set()

    def _leave(self, ids: Set[str]) -> None:
        """Another engine of the same database has taken them over, as this one could not tell them for so long."""
        for outlet in self._outlets if ids else ():
            outlet.leave(ids)
        for identity in ids:
            del self._left[identity]

    def _one_less(self, identity: str) -> None:
        left = self._left.get(identity)
        if left is None:
            return  # left to another engine while it was being told
        self._left[identity] = left - 1
        if left == 1:
            self._wake.set()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
