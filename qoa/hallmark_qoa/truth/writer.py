"""Writes truths of several callers in one transaction."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from hallmark_common.errors import HallmarkError
from hallmark_common.feedback import MAX_TRUTHS
from hallmark_qoa.stores.base import Store, TruthOutcome, TruthTold

logger = logging.getLogger(__name__)

MAX_WAITING = 5 * MAX_TRUTHS
"""Truths that wait for their transaction; who tells more is told to come again."""


@dataclass(slots=True, eq=False)
class _Portion:
    """What one caller tells."""

    told: Sequence[TruthTold]
    outcomes: "asyncio.Future[list[TruthOutcome]]"


class TruthWriter:
    """One transaction is under way at a time; what is told meanwhile goes into the next one together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Portion] = deque()
        self._count = 0
        self._writing: asyncio.Task[None] | None = None

    async def write(self, told: Sequence[TruthTold]) -> list[TruthOutcome]:
        """What became of each, in their order; HallmarkError UNAVAILABLE where they are to be told again.

        Who is cancelled meanwhile does not know what became of them.
        """
        if self._waiting and self._count + len(told) > MAX_WAITING:
            raise _unavailable("OVERLOADED", "too many truths wait to be stored; tell them again later")
        portion = _Portion(told, asyncio.get_running_loop().create_future())
        self._waiting.append(portion)
        self._count += len(told)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await portion.outcomes

    async def drain(self) -> None:
        """Return once nothing waits."""
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        """In a task of its own: a caller that gives up must not take the truths of others with it."""
        while self._waiting:
            portions = self._next()
            try:
                outcomes = await self._store.add_truths([one for portion in portions for one in portion.told])
            except Exception:
                logger.exception("the store failed; truths are to be told again")
                _fail(portions)
            else:
                _answer(portions, outcomes)

    def _next(self) -> list[_Portion]:
        """As many portions as go into one transaction, at least one."""
        portions = [self._waiting.popleft()]
        size = len(portions[0].told)
        while self._waiting and size + len(self._waiting[0].told) <= MAX_TRUTHS:
            portions.append(self._waiting.popleft())
            size += len(portions[-1].told)
        self._count -= size
        return portions


def _answer(portions: Sequence[_Portion], outcomes: Sequence[TruthOutcome]) -> None:
    start = 0
    for portion in portions:
        end = start + len(portion.told)
        if not portion.outcomes.done():  # cancelled
            portion.outcomes.set_result(list(outcomes[start:end]))
        start = end


def _fail(portions: Sequence[_Portion]) -> None:
    for portion in portions:
        if not portion.outcomes.done():
            portion.outcomes.set_exception(store_failed())


def store_failed() -> HallmarkError:
    """The store is not to be had at the moment: nothing is kept."""
    return _unavailable("STORE_FAILED", "the truths could not be stored; tell them again later")


def _unavailable(reason: str, message: str) -> HallmarkError:
    return HallmarkError(grpc.StatusCode.UNAVAILABLE, reason, message)
