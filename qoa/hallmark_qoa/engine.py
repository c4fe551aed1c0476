"""Engine: decode → assemble → store → publish.

A batch is acknowledged when all of its spans are in the store: in a record, or in the journal while they wait for
others of their prediction. A batch that its source keeps needs no place in the journal: it is acknowledged when the
last of its predictions has its record.

One transaction is under way at a time. What becomes ready meanwhile goes into the next one together.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import grpc

from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.combine import combine
from hallmark_qoa.decode import NO_PREDICTION, Decoded, decode
from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.pile import Delivery, Pile
from hallmark_qoa.retry import Retry
from hallmark_qoa.sources.base import Receipt
from hallmark_qoa.stores.base import Batch, Change, Store
from hallmark_qoa.waits import Waits
from hallmark_qoa.watch import Watchers
from hallmark_qoa.windows.progress import CAUGHT_UP_NS

logger = logging.getLogger(__name__)

MAX_IN_FLIGHT = 64
"""Batches that wait for their commit; a source is told to come again where there are more. Kept batches are not
counted: how many there can be is bounded where they are kept."""

IDLE_S = 2.0
"""With nothing stored for so long, nothing has come."""

GROUPS_PER_COMMIT = 1000
RECORDS_PER_REMOVAL = 500


class Engine:
    """Takes spans from sources, keeps records in a store, tells watchers.

    ``clock`` tells seconds of a monotonic clock. A :class:`hallmark_qoa.sources.base.Sink`.
    """

    def __init__(
        self,
        store: Store,
        assembler: Assembler,
        watchers: Watchers,
        *,
        clock: Callable[[], float],
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self.counters = assembler.counters
        self.counters.waiting = {
            attributes.METRIC_QOA_WAITING_SPANS: lambda: self.pending_spans,
            attributes.METRIC_QOA_BATCHES: lambda: self.batches_in_flight,
        }
        self._store = store
        self._assembler = assembler
        self._watchers = watchers
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._journal: Waits[int] = Waits()
        self._last_entry = 0
        self._deliveries: Waits[Delivery] = Waits()
        self._piles: deque[Pile] = deque()
        self._batches = 0  # in piles
        self._latest_event_s = 0
        self._stored_s = float("-inf")
        self._writer: asyncio.Task[None] | None = None
        self._retry = Retry()

    @property
    def pending_spans(self) -> int:
        """Spans in memory that wait for others."""
        return self._assembler.pending_spans

    @property
    def batches_in_flight(self) -> int:
        """Batches that have been delivered and are not acknowledged yet."""
        return self._batches + len(self._deliveries)

    @property
    def latest_event_ns(self) -> int:
        """The latest event time of what it has stored; CAUGHT_UP_NS while nothing comes and nothing waits."""
        waits = self._batches or self._deliveries or self._assembler.pending_spans
        if waits or self._clock() - self._stored_s < IDLE_S:
            return self._latest_event_s * 10**9
        return CAUGHT_UP_NS

    async def start(self) -> None:
        """Take up the spans that were acknowledged before a crash and have no record yet."""
        for entry in await self._store.journal():
            spans = decode(entry.request).spans
            self.counters.spans["replayed"] += len(spans)
            self._last_entry = entry.id
            if not spans:  # written by a version that could use what this one cannot: nothing would ever settle it
                await self._store.commit(Batch(settled=[entry.id]), combine)
            self._journal.keep(entry.id, {span.prediction for span in spans})
            await self._commit(self._assembler.add(spans, self._clock()))

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        """See the protocol."""
        if not kept and self._batches >= self._max_in_flight:
            raise _unavailable("OVERLOADED", "too many batches wait to be stored; send this one again later")
        decoded = decode(request)
        self._count(decoded)
        if decoded.spans:
            predictions = {span.prediction for span in decoded.spans}
            await (self._deliver_kept(decoded, predictions) if kept else self._deliver(decoded, predictions, request))
        return _receipt(decoded)

    async def _deliver(self, decoded: Decoded, predictions: set[str], request: bytes) -> None:
        pile = self._hand_over(self._assembler.add(decoded.spans, self._clock()))
        waiting = [prediction for prediction in predictions if prediction in self._assembler]
        if waiting:
            self._journal.keep(pile.entry, waiting)
            pile.requests.append(request)
        pile.batches += 1
        self._batches += 1
        await _written(pile)

    async def _deliver_kept(self, decoded: Decoded, predictions: set[str]) -> None:
        delivery = asyncio.get_running_loop().create_future()
        self._deliveries.keep(delivery, predictions)
        try:
            ready = self._assembler.add(decoded.spans, self._clock())
            if ready:
                self._hand_over(ready)
            await delivery
        finally:
            self._deliveries.forget(delivery, predictions)

    def count_other(self, signal: Literal["metrics", "logs"], count: int) -> None:
        """See the protocol."""
        self.counters.other[signal] += count

    async def tick(self) -> None:
        """Store what has been idle too long or could not be stored; to be called every fraction of the idle timeout."""
        now_s = self._clock()
        if self._retry.is_due(now_s):
            await self._commit(self._assembler.restored())
        await self._commit(self._assembler.tick(now_s))

    async def remove_before(self, started_ns: int) -> None:
        """Remove records that started before a time."""
        await self._remove(lambda: self._store.delete_before(started_ns, RECORDS_PER_REMOVAL))

    async def remove_beyond(self, size_bytes: int) -> None:
        """Remove the oldest records of a store that is larger."""
        await self._remove(lambda: self._store.delete_beyond(size_bytes, RECORDS_PER_REMOVAL))

    async def _remove(self, remove_some: Callable[[], Awaitable[int]]) -> None:
        """A few at once, so that others get their turn."""
        removed = RECORDS_PER_REMOVAL
        while removed == RECORDS_PER_REMOVAL:
            removed = await remove_some()
            self.counters.records["removed"] += removed

    async def drain(self) -> None:
        """Store everything that waits, as it is, which lets every delivery return; nothing may be delivered after it.

        HallmarkError where the store fails, also for those deliveries.
        """
        try:
            if self._writer is not None:
                await self._writer
            await self._commit(self._assembler.flush())
        finally:
            for delivery in self._deliveries.waiting():
                if not delivery.done():
                    delivery.set_exception(_store_failed())

    async def _commit(self, groups: Sequence[SpanGroup]) -> None:
        starts = range(0, len(groups), GROUPS_PER_COMMIT)
        piles = [self._hand_over(groups[start : start + GROUPS_PER_COMMIT]) for start in starts]
        for pile in piles:
            await _written(pile)

    def _hand_over(self, groups: Sequence[SpanGroup]) -> Pile:
        """Put groups that the assembler has let go of on the pile, together with who waits for them."""
        pile = self._open_pile()
        predictions = [group.prediction for group in groups]
        pile.groups += groups
        pile.entries += self._journal.take(predictions)
        pile.deliveries += self._deliveries.take(predictions)
        return pile

    def _open_pile(self) -> Pile:
        if not self._piles or len(self._piles[-1].groups) >= GROUPS_PER_COMMIT:
            self._last_entry += 1
            self._piles.append(Pile(self._last_entry, asyncio.get_running_loop().create_future()))
            if self._writer is None or self._writer.done():
                self._writer = asyncio.create_task(self._write_piles())
        return self._piles[-1]

    async def _write_piles(self) -> None:
        """In a task of its own: a caller that gives up must not take the groups with it."""
        while self._piles:
            pile = self._piles.popleft()
            error = await self._write(pile)
            self._batches -= pile.batches
            pile.done.set_result(error)

    async def _write(self, pile: Pile) -> HallmarkError | None:
        try:
            changes = await self._store.commit(pile.batch(self._journal.done_by(pile.entries)), combine)
        except Exception:
            logger.exception("the store failed; %d records wait to be tried again", len(pile.groups))
            self._take_back(pile)
            return _store_failed()
        self._retry.succeeded()
        self._stored_s = self._clock()
        self._journal.meet(pile.entries)
        for change, group in zip(changes, pile.groups, strict=True):
            self._publish(change, len(group.spans))
        for delivery in self._deliveries.meet(pile.deliveries):
            if not delivery.done():  # cancelled, and its task has not come round to forget it
                delivery.set_result(None)
        return None

    def _take_back(self, pile: Pile) -> None:
        now_s = self._clock()
        self._retry.failed(now_s)
        self.counters.records["failed"] += len(pile.groups)
        self._assembler.restore(pile.groups, now_s)
        self._journal.give_back(pile.entries)
        self._deliveries.give_back(pile.deliveries)

    def _publish(self, change: Change, spans: int) -> None:
        counts = change.combined.counts
        if counts:
            self.counters.spans.update(counts)
            spans -= counts.total()
        self.counters.spans["stored"] += spans
        self.counters.records[change.outcome] += 1
        self._latest_event_s = max(self._latest_event_s, change.combined.record.event_time.seconds)
        if change.outcome == "stored" and not change.combined.record.complete:
            self.counters.records["incomplete"] += 1
        if change.outcome != "unchanged":
            self._watchers.publish(change.combined.record)

    def _count(self, decoded: Decoded) -> None:
        self.counters.spans["received"] += decoded.received
        for reason, count in decoded.skipped.items():
            self.counters.spans[f"skipped.{reason}"] += count
        for reason, count in decoded.clipped.items():
            self.counters.spans[f"clipped.{reason}"] += count


async def _written(pile: Pile) -> None:
    """Wait for the outcome of its transaction; HallmarkError where that failed."""
    error = await asyncio.shield(pile.done)
    if error is not None:
        raise error


def _receipt(decoded: Decoded) -> Receipt:
    malformed = {reason: count for reason, count in decoded.skipped.items() if reason != NO_PREDICTION}
    reasons = ", ".join(f"{count} with an unusable {reason}" for reason, count in sorted(malformed.items()))
    return Receipt(decoded.malformed, f"malformed spans: {reasons}" if malformed else "")


def _store_failed() -> HallmarkError:
    return _unavailable("STORE_FAILED", "the spans could not be stored; send them again later")


def _unavailable(reason: str, message: str) -> HallmarkError:
    return HallmarkError(grpc.StatusCode.UNAVAILABLE, reason, message)
