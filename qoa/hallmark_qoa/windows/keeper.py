"""Keeper: folds and judges the windows in which something changed.

A window is a pure function of the stored records: nothing is added to it, it is made anew. So whatever the order, the
redelivery, the restart and the split over engines, the windows are the same. A mark in the store, left by the
transaction that changed a record, says that a window is due; it goes in the transaction that writes the window, unless
something has changed meanwhile.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from itertools import pairwise

from hallmark_qoa.judge.judge import USUAL_WINDOWS, Judge
from hallmark_qoa.judge.question import Circumstances
from hallmark_qoa.models import Models
from hallmark_qoa.stores.base import Due, Store, Windows
from hallmark_qoa.windows.fold import fold_folds, fold_records
from hallmark_qoa.windows.naming import named
from hallmark_qoa.windows.progress import Progress
from hallmark_qoa.windows.share import Share
from hallmark_qoa.windows.unsettled import Unsettled

logger = logging.getLogger(__name__)

DUE_AT_ONCE = 1000

UNUSABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What is raised where the content of a window cannot be made anything of; a store raises others."""


class Keeper:
    """Keeps the windows of a store up to date; ``sizes`` in seconds, ascending, each a multiple of the one before.

    ``clock`` tells seconds of a monotonic clock.
    """

    def __init__(
        self,
        store: Store,
        models: Models,
        judge: Judge,
        sizes: tuple[int, ...],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._models = models
        self._judge = judge
        self._below = {larger: smaller for smaller, larger in pairwise(sizes)}
        self._above = dict(pairwise(sizes))
        self._unsettled = Unsettled(clock)
        self._turn = asyncio.Lock()
        self.waiting = 0
        """Marks that were left at the end of the last turn, of those that are this engine's."""
        self.windows: Counter[str] = Counter()
        """``folded``, ``judged``, ``again`` (something changed while it was made), ``broken`` (it cannot be made)."""
        self._broken: set[Due] = set()

    async def turn(self, progress: Progress) -> int:
        """Fold and judge every window that is due and over, and this engine's to make; how many."""
        async with self._turn:
            over, share = _Over(self._store, progress), progress.share()
            done = 0
            while made := await self._pass(over, share, progress):
                done += made
            return done

    async def refresh(self, wanted: Callable[[Due], bool]) -> set[Due]:
        """Fold windows that somebody asks for, over or not; the marks of those that wait to be judged."""
        async with self._turn:
            for _ in range(1 + len(self._above)):  # a window marks the larger one that it is in
                async for due in self._dues():
                    if due.task == "fold" and wanted(due) and due not in self._broken:
                        await self._made(due, self._fold)
            return {due async for due in self._dues() if wanted(due)}

    async def _pass(self, over: "_Over", share: Share, progress: Progress) -> int:
        done = waiting = 0
        unfinished: set[tuple[str, str]] = set()
        unfolded = _Unfolded(self._above)
        broken, self._broken = self._broken, set()
        async for due in self._dues():
            if due not in share:
                continue
            key = (due.model, due.consumer)
            if due in broken:
                self._broken.add(due)
            left = due in broken or due in unfolded or key in unfinished or self._unsettled.waits(due, progress)
            if left or not await over(due):
                waiting += 1
                unfolded.note(due)
            elif await self._made(due, self._fold if due.task == "fold" else partial(self._judge_one, progress)):
                done += 1
            else:
                unfolded.note(due)
                if due in self._broken:
                    waiting += 1
                else:
                    self.windows["again"] += 1
                    unfinished.add(key)  # what is made of it would be made twice
        self.waiting = waiting + len(unfinished)
        return done

    async def _made(self, due: Due, make: Callable[[Due], Awaitable[bool]]) -> bool:
        """Whether it was; one that cannot be made is left alone until something changes in it, and others go on."""
        try:
            return await make(due)
        except UNUSABLE:
            logger.exception("a window of %s of model %r cannot be made; it waits for a change", due.size_s, due.model)
            self.windows["broken"] += 1
            self._broken.add(due)
            return False

    async def _dues(self) -> AsyncIterator[Due]:
        """All marks; those that are made meanwhile only where they come later in the order."""
        after: Due | None = None
        while page := await self._store.due(DUE_AT_ONCE, after):
            for due in page:
                yield due
            after = page[-1]

    async def _fold(self, due: Due) -> bool:
        if due.size_s in self._below:
            which = Windows(self._below[due.size_s], due.model, due.consumer, due.start_ns, due.end_ns)
            folds = await asyncio.to_thread(fold_folds, due, await self._store.folds(which))
        else:
            context = self._models.context(due.model)
            records = await self._store.observed(due.model, due.consumer, due.start_ns, due.end_ns)
            folds = await asyncio.to_thread(lambda: fold_records(due, named(records, context), context))
        usual_ns = USUAL_WINDOWS * due.size_s * 10**9
        written = await self._store.put_folds(due, folds, self._above.get(due.size_s), usual_ns=usual_ns)
        self.windows["folded"] += written
        return written

    async def _judge_one(self, progress: Progress, due: Due) -> bool:
        behind = progress.behind(due)
        series = await self._store.series(due)  # first: whatever changes after that is found out
        judged = await self._judge.judge(Circumstances(due, behind, told_from_ns=series.told_from_ns))
        again = judged.failed or (bool(behind) and any(one.verdict == "unknown" for one in judged.verdicts))
        put = self._store.put_verdicts
        written = await put(due, judged.verdicts, judged.events, judged.spent, seen=series.revision, again=again)
        self.windows["judged"] += written
        if written and again:
            self._unsettled.note(due, behind, failed=judged.failed)
        return written


class _Unfolded:
    """Windows that have changed and are not folded yet, with the larger ones that they are in; ``above`` has sizes.

    Those wait too, even where nothing has changed in them for longer: what would be made of them is not all.
    """

    def __init__(self, above: Mapping[int, int]) -> None:
        self._above = above
        self._windows: set[tuple[int, str, str, int]] = set()

    def note(self, due: Due) -> None:
        """That one was left."""
        size_s: int | None = due.size_s if due.task == "fold" else None
        while size_s is not None:
            self._windows.add((size_s, due.model, due.consumer, due.start_ns - due.start_ns % (size_s * 10**9)))
            size_s = self._above.get(size_s)

    def __contains__(self, due: Due) -> bool:
        """Whether a window is one of them; smaller ones come first in the order of marks."""
        return due.place in self._windows


class _Over:
    """Which windows are over; looks once at how far each consumer and model is."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._latest: dict[tuple[str, str], int | None] = {}

    async def __call__(self, due: Due) -> bool:
        if not self._progress.can_be_over(due):
            return False  # of most marks, those of the hour and day: nothing needs to be looked up for them
        key = (due.model, due.consumer)
        if key not in self._latest:
            self._latest[key] = await self._store.latest_event_ns(*key)
        return self._progress.is_over(due, self._latest[key])
