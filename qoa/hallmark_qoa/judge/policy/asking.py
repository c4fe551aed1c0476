"""Asking: facts to whoever judges and judgements back, in bounded time, whatever happens."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from hallmark_qoa.judge.facts import Facts, Judgement, unknown
from hallmark_qoa.judge.policy.answers import judgements
from hallmark_qoa.judge.policy.base import PolicyError

logger = logging.getLogger(__name__)

Done = TypeVar("Done")


class Asking:
    """Asks in a thread of its own, one question at a time: neither an interpreter nor a connection can do two."""

    def __init__(self, who: str, timeout_s: float, batch: int) -> None:
        """``who`` is asked, for people; an answer may take ``timeout_s``; ``batch`` facts are in a question at most.

        What is asked together is late, or lost, together.
        """
        self._who = who
        self._timeout_s = timeout_s
        self._batch = batch
        self._thread = ThreadPoolExecutor(1, "policy")
        self._error = ""

    @property
    def error(self) -> str:
        """Why the last question had no answer; empty where it had one."""
        return self._error

    async def judge(self, facts: Sequence[Facts], ask: Callable[[Sequence[Facts]], object]) -> list[Judgement]:
        """One judgement each, in their order. ``ask`` answers a batch; :class:`PolicyError` where it cannot."""
        done: list[Judgement] = []
        while len(done) < len(facts):
            batch = facts[len(done) : len(done) + self._batch]
            try:
                done += judgements(await self._answer(batch, ask), batch)
                self._note("")
            except TimeoutError:
                # The others would wait as long.
                done += self._failed(facts[len(done) :], f"{self._who} took more than {self._timeout_s:g} s")
            except PolicyError as error:
                done += self._failed(batch, str(error))
            except Exception as error:  # whatever it is, it is no verdict
                done += self._failed(batch, f"{self._who} could not be asked: {type(error).__name__}")
        return done

    async def _answer(self, batch: Sequence[Facts], ask: Callable[[Sequence[Facts]], object]) -> object:
        async with asyncio.timeout(self._timeout_s):
            return await self.run(partial(ask, batch))

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
