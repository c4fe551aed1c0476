"""Outlet: the changes that wait for one sink, told one after the other."""

import asyncio
import itertools
import logging
import random
from collections import deque
from collections.abc import Callable, Set

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.events.base import EventSink, GivenUpError, UntoldError
from hallmark_qoa.events.counters import EventCounters, Outcome
from hallmark_qoa.sources.amqp.pace import Pace

logger = logging.getLogger(__name__)


class Outlet:
    """Tells one sink changes in their order, each until it has it; others do not wait for that."""

    def __init__(self, sink: EventSink, counters: EventCounters, pace: Pace, on_done: Callable[[str], None]) -> None:
        """``on_done`` is called with the id of each change that the sink has, or never will have."""
        self.is_failing = False
        """Whether what it tried last is to be tried again."""
        self._sink = sink
        self._counters = counters
        self._pace = pace
        self._on_done = on_done
        self._waiting: deque[VerdictChange] = deque()
        self._trying = ""
        """Id of the change that is being told; empty where none is, or where it need not be any more."""
        self._wake = asyncio.Event()

    def add(self, change: VerdictChange) -> None:
        """Have it told after those before it."""
        if self._sink.max_behind is not None and len(self._waiting) >= self._sink.max_behind:
            # Not the first, which is being tried: what a sink has had of the changes stays in order.
            self._give_up(self._waiting.popleft(), f"more than {self._sink.max_behind} wait")
        self._waiting.append(change)
        self._wake.set()

    @property
    def is_busy(self) -> bool:
        """Whether it has something to tell, and gets on with it."""
        return bool(self._waiting or self._trying) and not self.is_failing

    def leave(self, ids: Set[str]) -> None:
        """These are told by somebody else."""
        self._waiting = deque(change for change in self._waiting if change.id not in ids)
        if self._trying in ids:
            self._trying = ""

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            change = self._waiting.popleft()
            self._trying = change.id
            try:
                await self._until_told(change)
            except GivenUpError as error:
                self.is_failing = False
                self._give_up(change, str(error))
            except Exception:
                logger.exception("the engine failed over a change of a verdict")
                self._give_up(change, "the engine failed over it")
            self._trying = ""

    async def _until_told(self, change: VerdictChange) -> None:
        for failures in itertools.count(1):
            try:
                await self._sink.tell(change)
            except UntoldError as error:
                self._count("failed")
                self._say_failing(error)
                await asyncio.sleep(self._pace.retry_s(failures, random.random(), refused=error.refused))
                if not self._trying:
                    return
            else:
                self._say_telling()
                self._count("told")
                self._on_done(change.id)
                return

    def _give_up(self, change: VerdictChange, why: str) -> None:
        logger.warning("%s is not told of change %s of a verdict: %s", self._sink.place, change.id, why)
        self._count("given_up")
        self._on_done(change.id)

    def _count(self, outcome: Outcome) -> None:
        self._counters.events[outcome, self._sink.name] += 1

    def _say_failing(self, error: UntoldError) -> None:
        if not self.is_failing:
            logger.warning("%s: %s; changes of verdicts wait, and are tried again", self._sink.place, error)
        self.is_failing = True

    def _say_telling(self) -> None:
        if self.is_failing:
            logger.info("%s takes changes of verdicts again", self._sink.place)
        self.is_failing = False
