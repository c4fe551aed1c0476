"""Processor time by part of the work, while the engine's own code does it."""

import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from hallmark_qoa.judge import judge
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.stores.base import Store
from hallmark_qoa.windows import keeper

REST = "everything else"


class Clock:
    """Counts processor time of all threads of this process, in seconds, and calls, by part; parts may be nested."""

    def __init__(self) -> None:
        self.spent_s: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._now = [REST]
        self._since_s = 0.0

    def _turn_to(self, change: Callable[[], object]) -> None:
        now_s = time.process_time()
        self.spent_s[self._now[-1]] += now_s - self._since_s
        self._since_s = now_s
        change()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count while this lasts."""
        self._since_s = time.process_time()
        try:
            yield
        finally:
            self._turn_to(lambda: None)

    @contextmanager
    def _inside(self, part: str) -> Iterator[None]:
        self.calls[part] += 1
        self._turn_to(lambda: self._now.append(part))
        try:
            yield
        finally:
            self._turn_to(self._now.pop)

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, counted."""
        if inspect.iscoroutinefunction(work):

            @wraps(work)
            async def awaited(*args: Any, **named: Any) -> Any:
                with self._inside(part):
                    return await work(*args, **named)

            return awaited

        @wraps(work)
        def called(*args: Any, **named: Any) -> Any:
            with self._inside(part):
                return work(*args, **named)

        return called


@contextmanager
def parts_of_judging(clock: Clock, store: Store, policy: Policy) -> Iterator[None]:
    """Have a clock count what a keeper does: one thing at a time, so that what a thread uses is told apart."""
    parts = (
        *((store, "observed", "read records"), (keeper, "fold_records", "fold records")),
        *((store, "put_folds", "store folds"), (keeper, "fold_folds", "merge windows")),
        *((store, "folds", "read windows"), (judge, "ask", "facts"), (policy, "judge", "policy")),
        *((judge, "blame", "blame"), (judge, "worst_of", "evidence"), (judge, "prove", "evidence")),
        *((store, "put_verdicts", "store verdicts"), (store, "verdicts", "read verdicts")),
    )
    with ExitStack() as patched:
        for owner, name, part in parts:
            patched.enter_context(patch.object(owner, name, clock.timed(part, getattr(owner, name))))
        yield
