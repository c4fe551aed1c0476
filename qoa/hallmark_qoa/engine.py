"""Engine: decode → assemble → store → publish, batch by batch.

A batch is acknowledged when all of its spans are in the store: in a record, or in the journal while they wait for
others of their prediction.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_common.errors import HallmarkError
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.combine import combine
from hallmark_qoa.decode import NO_PREDICTION, Decoded, decode
from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.journal import Journal
from hallmark_qoa.sources.base import Receipt
from hallmark_qoa.stores.base import Batch, Change, JournalEntry, Store
from hallmark_qoa.watch import Watchers

logger = logging.getLogger(__name__)

MAX_IN_FLIGHT = 64
"""Batches that wait for their commit; a source is told to come again where there are more."""

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
        self._store = store
        self._assembler = assembler
        self._watchers = watchers
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._journal = Journal()
        self._commits: set[asyncio.Task[None]] = set()

    @property
    def pending_spans(self) -> int:
        """Spans in memory that wait for others."""
        return self._assembler.pending_spans

    async def start(self) -> None:
        """Take up the spans that were acknowledged before a crash and have no record yet."""
        for entry in await self._store.journal():
            spans = decode(ExportTraceServiceRequest.FromString(entry.request)).spans
            self.counters.spans["replayed"] += len(spans)
            self._journal.keep(entry.id, {span.prediction for span in spans})
            await self._commit_all(self._assembler.add(spans, self._clock()))

    async def deliver(self, request: ExportTraceServiceRequest) -> Receipt:
        """See the protocol."""
        if len(self._commits) >= self._max_in_flight:
            raise _unavailable("OVERLOADED", "too many batches wait to be stored; send this one again later")
        decoded = decode(request)
        self._count(decoded)
        ready = self._assembler.add(decoded.spans, self._clock())
        if decoded.spans:
            waiting = {span.prediction for span in decoded.spans if span.prediction in self._assembler}
            await asyncio.shield(self._begin_commit(ready, request if waiting else None, waiting))
        return _receipt(decoded)

    def count_other(self, signal: Literal["metrics", "logs"], count: int) -> None:
        """See the protocol."""
        self.counters.other[signal] += count

    async def tick(self) -> None:
        """Store what has been idle too long; to be called every fraction of the idle timeout."""
        await self._commit_all(self._assembler.tick(self._clock()))

    async def remove_before(self, started_ns: int) -> None:
        """Remove records that started before a time, a few at once so that others get their turn."""
        removed = RECORDS_PER_REMOVAL
        while removed == RECORDS_PER_REMOVAL:
            removed = await self._store.delete_before(started_ns, RECORDS_PER_REMOVAL)
            self.counters.records["removed"] += removed

    async def drain(self) -> None:
        """Store everything that waits, as it is; the sources must have been stopped."""
        await asyncio.gather(*self._commits, return_exceptions=True)
        await self._commit_all(self._assembler.flush())

    async def _commit_all(self, groups: Sequence[SpanGroup]) -> None:
        starts = range(0, len(groups), GROUPS_PER_COMMIT)
        commits = [self._begin_commit(groups[start : start + GROUPS_PER_COMMIT]) for start in starts]
        await asyncio.gather(*map(asyncio.shield, commits))

    def _begin_commit(
        self,
        groups: Sequence[SpanGroup],
        request: ExportTraceServiceRequest | None = None,
        waiting: Collection[str] = (),
    ) -> asyncio.Task[None]:
        """Begin to write groups that the assembler has let go of, and a request with predictions that wait.

        In a task of its own, to be awaited shielded: a caller that gives up must not take the groups with it.
        """
        settled = self._journal.settle(group.prediction for group in groups)
        entry = None
        if request is not None:
            entry = JournalEntry(self._journal.new_entry(waiting), request.SerializeToString())
        task = asyncio.create_task(self._write(Batch(groups, entry, settled)))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        return task

    async def _write(self, batch: Batch) -> None:
        try:
            changes = await self._store.commit(batch, combine)
        except Exception as error:
            logger.exception("the store failed; %d records wait to be tried again", len(batch.groups))
            self.counters.records["failed"] += len(batch.groups)
            self._assembler.restore(batch.groups, self._clock())
            raise _unavailable("STORE_FAILED", "the spans could not be stored; send them again later") from error
        for change in changes:
            self._publish(change)

    def _publish(self, change: Change) -> None:
        self.counters.records[change.outcome] += 1
        self.counters.spans.update(change.combined.counts)
        if change.outcome != "unchanged":
            self._watchers.publish(change.combined.record)

    def _count(self, decoded: Decoded) -> None:
        self.counters.spans["received"] += decoded.received
        for reason, count in decoded.skipped.items():
            self.counters.spans[f"skipped.{reason}"] += count
        for reason, count in decoded.clipped.items():
            self.counters.spans[f"clipped.{reason}"] += count


def _receipt(decoded: Decoded) -> Receipt:
    malformed = {reason: count for reason, count in decoded.skipped.items() if reason != NO_PREDICTION}
    reasons = ", ".join(f"{count} with an unusable {reason}" for reason, count in sorted(malformed.items()))
    return Receipt(decoded.malformed, f"malformed spans: {reasons}" if malformed else "")


def _unavailable(reason: str, message: str) -> HallmarkError:
    return HallmarkError(grpc.StatusCode.UNAVAILABLE, reason, message)
