"""The store for several engines: one PostgreSQL database, records partitioned by day."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
from psycopg import Connection

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.stores.base import Batch, Change, Combine, Cursor, Filter, JournalEntry, Page
from hallmark_qoa.stores.postgres_commit import commit
from hallmark_qoa.stores.postgres_days import day_of, existing_days, make_partition, worth_a_partition
from hallmark_qoa.stores.postgres_engine import take_engine
from hallmark_qoa.stores.postgres_query import find, page, predictions_of
from hallmark_qoa.stores.postgres_removal import remove_before, remove_beyond
from hallmark_qoa.stores.postgres_schema import migrate
from hallmark_qoa.stores.postgres_session import Session, Target, connect

T = TypeVar("T")

logger = logging.getLogger(__name__)

READERS = 4
"""Queries that run at the same time; others wait their turn."""

RETRY_NS = 600 * 10**9
"""When a partition is tried again that could not be made."""


class PostgresStore:
    """A :class:`hallmark_qoa.stores.base.Store` in a PostgreSQL database that other engines may write to as well.

    Writing is done, one batch after the other, by one connection with a thread of its own; reading by a few others. A
    connection that was lost is made anew by the next piece of work, which is done again if it had begun: everything
    here may be done twice. The journal is that of one engine: entries carry its id, and an engine sees its own only.
    So the id must be the same after a restart, and at one time only one engine works under it.
    """

    def __init__(self, target: Target, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._target = target
        self._now_ns = now_ns
        self._days: frozenset[int] = frozenset()
        self._no_days_before_ns = 0
        self._writer = Session(self._connect_writer)
        self._readers = deque(Session(lambda: connect(target)) for _ in range(READERS))
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="hallmark-postgres-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="hallmark-postgres-read")

    @classmethod
    async def open(cls, target: Target, now_ns: Callable[[], int] = time.time_ns) -> "PostgresStore":
        """Connect and bring the schema up to date.

        ``now_ns`` tells the time in nanoseconds since 1970. Raises :class:`psycopg.Error`,
        :class:`hallmark_qoa.stores.postgres_schema.TooNewError` or
        :class:`hallmark_qoa.stores.postgres_engine.UnusableError` where that cannot be done.
        """
        store = cls(target, now_ns)
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
        rows = await self._read(lambda c: c.execute(statement, (self._target.engine,), binary=True).fetchall())
        return [JournalEntry(*row) for row in rows]

    async def get(self, prediction: str) -> QualityRecord | None:
        """See the protocol."""
        return await self._read(lambda connection: find(connection, prediction))

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        """See the protocol."""
        return await self._read(lambda connection: predictions_of(connection, trace_id, limit))

    async def page(self, which: Filter, size: int, after: Cursor | None = None) -> Page:
        """See the protocol."""
        return await self._read(lambda connection: page(connection, self._days, which, size, after))

    async def delete_before(self, started_ns: int, limit: int) -> int:
        """See the protocol. What is beyond whole days is removed row by row."""
        return await self._remove(lambda c: remove_before(c, self._target.engine, started_ns, limit))

    async def delete_beyond(self, max_bytes: int, limit: int) -> int:
        """See the protocol. The size is that of the content before the database compresses it, with its indexes."""
        return await self._remove(lambda c: remove_beyond(c, self._target.engine, max_bytes, limit))

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
            self._days = frozenset(existing_days(connection))  # other engines make and drop days too
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
            take_engine(connection, self._target.engine, self._target.take_over_s)
            migrate(connection)
            self._days = frozenset(existing_days(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _commit(self, connection: Connection, batch: Batch, combine: Combine) -> list[Change]:
        now_ns = self._now_ns()
        self._make_days(connection, batch.groups, now_ns)
        return commit(connection, batch, combine, self._target.engine, now_ns)

    def _make_days(self, connection: Connection, groups: Sequence[SpanGroup], now_ns: int) -> None:
        """Make partitions for what is to come: a record starts when one of its spans does.

        The one of tomorrow is made in time, as a backup that runs at midnight would be in the way. Where one cannot be
        made its records are kept without.
        """
        if not groups or now_ns < self._no_days_before_ns:
            return
        today = day_of(now_ns)
        days = {day_of(span.start_ns) for group in groups for span in group.spans} | {today + 1}
        for day in worth_a_partition(days, self._days, today):
            try:
                made = make_partition(connection, day)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
                logger.warning("no partition for a day yet, as tables are locked: %s", error)
                made = False
            if not made:
                self._no_days_before_ns = now_ns + RETRY_NS
                return
            self._days |= {day}
