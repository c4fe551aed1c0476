"""Asking: facts to whoever judges and judgements back, in bounded time, whatever happens."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from hallmark_qoa.judge.facts import Facts, Judgement, unknown
from hallmark_qoa.judge.policy.answers import judgements
from hallmark_qoa.judge.policy.base import PolicyError

logger = logging.getLogger(__name__)

LATE_IN_A_ROW = 2
"""Who is late so often is not there; once may be because of what was asked."""

PAUSE_S = 5.0
"""Who is not there is asked nothing for so long: every window, and every report, would wait for it."""

Done = TypeVar("Done")


class Asking:
    """Asks in a thread of its own, one question at a time: neither an interpreter nor a connection can do two."""

    def __init__(self, who: str, timeout_s: float, batch: int, clock: Callable[[], float] = time.monotonic) -> None:
        """``who`` is asked, for people; an answer may take ``timeout_s``; ``batch`` facts are in a question at most.

        What is asked together is late, or lost, together. ``clock`` tells seconds of a monotonic clock.
        """
        self._who = who
        self._timeout_s = timeout_s
        self._batch = batch
        self._thread = ThreadPoolExecutor(1, "policy")
        self._clock = clock
        self._paused_until_s = float("-inf")
        self._late = 0
        self._error = ""

    @property
    def error(self) -> str:
        """Why the last question had no answer; empty where it had one."""
        return self._error

    async def judge(self, facts: Sequence[Facts], ask: Callable[[Sequence[Facts]], object]) -> list[Judgement]:
        """One judgement each, in their order. ``ask`` answers a batch; :class:`PolicyError` where it cannot."""
        if self._clock() < self._paused_until_s:
            return unknown(facts, self._error)
        done: list[Judgement] = []
        while len(done) < len(facts):
            batch = facts[len(done) : len(done) + self._batch]
            try:
                done += judgements(await self._answer(batch, ask), batch)
                self._note("")
            except TimeoutError:
                # The others would wait as long.
                self._note_late()
                done += self._failed(facts[len(done) :], f"{self._who} took more than {self._timeout_s:g} s")
            except PolicyError as error:
                done += self._failed(batch, str(error))
            except Exception as error:  # whatever it is, it is no verdict
                done += self._failed(batch, f"{self._who} could not be asked: {type(error).__name__}")
        return done

    def _note_late(self) -> None:
        self._late += 1
        if self._late == LATE_IN_A_ROW:
            self._late = 0
            self._paused_until_s = self._clock() + PAUSE_S

    async def _answer(self, batch: Sequence[Facts], ask: Callable[[Sequence[Facts]], object]) -> object:
        async with asyncio.timeout(self._timeout_s):
            answer = await self.run(partial(ask, batch))
        self._late = 0
        return answer

    async def run(self, job: Callable[[], Done]) -> Done:
        """Do something else in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _failed(self, facts: Sequence[Facts], error: str) -> list[Judgement]:
        self._note(error)
        return unknown(facts, error)

    def _note(self, error: str) -> None:
        if error and error != self._error:
            logger.warning("%s; what cannot be judged is unknown", error)
        elif self._error and not error:
            logger.info("%s judges again", self._who)
        self._error = error

    def close(self) -> None:
        """Let go of the thread; what is under way in it is given up."""
        self._thread.shutdown(wait=False, cancel_futures=True)
