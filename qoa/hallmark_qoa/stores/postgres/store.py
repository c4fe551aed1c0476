"""The store for several engines: one PostgreSQL database, records partitioned by day."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from psycopg import Connection

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import (
    Batch,
    Change,
    Combine,
    Cursor,
    Due,
    Event,
    Filter,
    Fold,
    JournalEntry,
    Noted,
    Page,
    Series,
    Spent,
    TruthOutcome,
    TruthTold,
    Windows,
)
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.postgres import events, marks, observed, series, truths, verdicts, windows
from hallmark_qoa.stores.postgres.commit import commit
from hallmark_qoa.stores.postgres.engine import take_engine
from hallmark_qoa.stores.postgres.marks import Writer
from hallmark_qoa.stores.postgres.partitions import Partitions
from hallmark_qoa.stores.postgres.query import find, page, predictions_of
from hallmark_qoa.stores.postgres.races import until_won
from hallmark_qoa.stores.postgres.removal import remove_before, remove_beyond, remove_windows
from hallmark_qoa.stores.postgres.schema import migrate
from hallmark_qoa.stores.postgres.session import Session, Target, connect
from hallmark_qoa.stores.postgres.truths import add_truths
from hallmark_qoa.stores.postgres.verdicts import put_verdicts

T = TypeVar("T")

READERS = 4
"""Queries that run at the same time; others wait their turn."""


class PostgresStore:
    """A :class:`hallmark_qoa.stores.base.Store` in a PostgreSQL database that other engines may write to as well.

    Writing is done, one batch after the other, by one connection with a thread of its own; reading by a few others. A
    connection that was lost is made anew by the next piece of work, which is done again if it had begun: everything
    here may be done twice. The journal is that of one engine: entries carry its id, and an engine sees its own only.
    So the id must be the same after a restart, and at one time only one engine works under it.
    """

    def __init__(self, target: Target, now_ns: Callable[[], int], rules: WindowRules) -> None:
        self._target = target
        self._engine = target.engine
        self._now_ns = now_ns
        self._rules = rules
        self._partitions = Partitions()
        self._writer = Session(self._connect_writer)
        self._readers = deque(Session(lambda: connect(target)) for _ in range(READERS))
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="hallmark-postgres-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="hallmark-postgres-read")

    @classmethod
    async def open(
        cls, target: Target, now_ns: Callable[[], int] = time.time_ns, rules: WindowRules | None = None
    ) -> "PostgresStore":
        """Connect and bring the schema up to date.

        ``now_ns`` tells the time in nanoseconds since 1970. Raises :class:`psycopg.Error`,
        :class:`hallmark_qoa.stores.postgres.schema.TooNewError` or
        :class:`hallmark_qoa.stores.postgres.engine.UnusableError` where that cannot be done.
        """
        store = cls(target, now_ns, rules or WindowRules())
        try:
            await store._write(lambda _: None)
        except BaseException:
            await store.close()
            raise
        return store

    async def commit(self, batch: Batch, combine: Combine) -> list[Change]:
        """See the protocol. Where nothing is new nothing is written."""
        return await self._write(lambda connection: self._commit(connection, batch, combine))

    async def journal(self) -> list[JournalEntry]:
        """See the protocol; the entries of this engine."""
        statement = "SELECT id, request FROM journal WHERE engine = %s ORDER BY id"
        rows = await self._read(lambda c: c.execute(statement, (self._engine,), binary=True).fetchall())
        return [JournalEntry(*row) for row in rows]

    async def get(self, prediction: str) -> QualityRecord | None:
        """See the protocol."""
        return await self._read(lambda connection: find(connection, prediction))

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        """See the protocol."""
        return await self._read(lambda connection: predictions_of(connection, trace_id, limit))

    async def page(self, which: Filter, size: int, after: Cursor | None = None) -> Page:
        """See the protocol."""
        return await self._read(lambda connection: page(connection, self._partitions.days, which, size, after))

    async def delete_before(self, started_ns: int, limit: int) -> int:
        """See the protocol. What is beyond whole days is removed row by row."""
        return await self._remove(lambda c: remove_before(c, self._by(), started_ns, limit))

    async def delete_beyond(self, max_bytes: int, limit: int) -> int:
        """See the protocol. The size is that of the records before the database compresses them, with their indexes."""
        return await self._remove(lambda c: remove_beyond(c, self._by(), max_bytes, limit))

    async def observed(self, model: str, consumer: str, from_ns: int, before_ns: int) -> list[QualityRecord]:
        """See the protocol."""
        return await self._read(lambda c: observed.observed(c, model, consumer, from_ns, before_ns))

    async def latest_event_ns(self, model: str, consumer: str) -> int | None:
        """See the protocol."""
        return await self._read(lambda c: observed.latest_event_ns(c, model, consumer))

    async def export(self, which: Filter) -> AsyncIterator[list[QualityRecord]]:
        """See the protocol."""
        after: observed.Mark | None = None
        while True:
            records, after = await self._read(partial(observed.export_some, which=which, after=after))
            if after is None:
                return
            if records:
                yield records

    async def count(self, which: Filter) -> int:
        """See the protocol."""
        return await self._read(lambda c: observed.count(c, which))

    async def add_truths(self, truths: Sequence[TruthTold]) -> list[TruthOutcome]:
        """See the protocol."""
        return await self._write(lambda c: add_truths(c, truths, self._by()))

    async def delete_waiting_truths(self, told_before_ns: int, limit: int) -> int:
        """See the protocol."""
        return await self._write(lambda c: truths.delete_waiting(c, told_before_ns, limit, self._by()))

    async def due(self, limit: int, after: Due | None = None) -> list[Due]:
        """See the protocol."""
        return await self._read(lambda c: marks.due(c, limit, after))

    async def put_folds(self, due: Due, folds: Sequence[Fold], next_size_s: int | None, *, usual_ns: int = 0) -> bool:
        """See the protocol."""
        put = windows.put_folds
        return await self._write(lambda c: put(c, due, folds, next_size_s, usual_ns=usual_ns, writer=self._by()))

    async def folds(self, which: Windows) -> list[Fold]:
        """See the protocol."""
        return await self._read(lambda c: windows.folds(c, which))

    async def series(self, due: Due) -> Series:
        """See the protocol."""
        return await self._read(lambda c: series.series(c, due))

    async def put_verdicts(
        self,
        due: Due,
        verdicts: Sequence[WindowVerdict],
        events: Sequence[Event],
        spent: Sequence[Spent] = (),
        *,
        seen: int | None = None,
        again: bool = False,
    ) -> bool:
        """See the protocol."""
        put = put_verdicts
        return await self._write(
            lambda c: put(c, due, verdicts, events, spent, seen=seen, again=again, writer=self._by())
        )

    async def verdicts(self, which: Windows, contract: str = "") -> list[WindowVerdict]:
        """See the protocol."""
        return await self._read(lambda c: verdicts.verdicts(c, which, contract))

    async def slices(self, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
        """See the protocol."""
        return await self._read(lambda c: verdicts.slices(c, which, contract, objective, variant))

    async def untold(self, limit: int) -> list[Event]:
        """See the protocol."""
        return await self._write(lambda c: events.untold(c, limit, self._engine, self._target.telling_s))

    async def told(self, ids: Sequence[str]) -> None:
        """See the protocol."""
        await self._write(lambda c: events.told(c, ids, self._engine, self._target.telling_s))

    async def events(self, after: int, limit: int) -> list[Noted]:
        """See the protocol."""
        return await self._read(lambda c: events.events(c, after, limit))

    async def last_event(self) -> int:
        """See the protocol."""
        return await self._read(events.last_event)

    async def delete_folds_before(self, size_s: int, written_ns: int, limit: int) -> int:
        """See the protocol."""
        now_ns = self._now_ns()
        return await self._write(lambda c: until_won(lambda: remove_windows(c, size_s, written_ns, limit, now_ns)))

    async def heartbeat(self, now_ns: int, latest_event_ns: int) -> dict[str, tuple[int, int]]:
        """See the protocol."""
        return await self._write(lambda c: events.heartbeat(c, self._engine, now_ns, latest_event_ns))

    async def close(self) -> None:
        """See the protocol."""
        await asyncio.to_thread(self._close)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._write_thread, self._writer.run, work)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read_with_any, work)

    async def _remove(self, remove: Callable[[Connection], int]) -> int:
        def work(connection: Connection) -> int:
            removed = remove(connection)
            self._partitions.look(connection)
            return removed

        return await self._write(work)

    def _read_with_any(self, work: Callable[[Connection], T]) -> T:
        session = self._readers.pop()  # there are as many as threads
        try:
            return session.run(work)
        finally:
            self._readers.append(session)

    def _close(self) -> None:
        for threads in (self._write_thread, self._read_threads):
            threads.shutdown()
        for session in (self._writer, *self._readers):
            session.close()

    def _connect_writer(self) -> Connection:
        connection = connect(self._target)
        try:
            take_engine(connection, self._engine, self._target.take_over_s)
            migrate(connection)
            marks.adopt(connection, self._by())
            self._partitions.look(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _by(self) -> Writer:
        return Writer(self._engine, self._rules, self._now_ns())

    def _commit(self, connection: Connection, batch: Batch, combine: Combine) -> list[Change]:
        writer = self._by()
        self._partitions.make(connection, batch.groups, writer.now_ns)
        return commit(connection, batch, combine, writer)
