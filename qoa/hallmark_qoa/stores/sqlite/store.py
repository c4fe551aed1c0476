"""The embedded store: one SQLite file, one thread that writes to it and one that reads."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.settings import variable
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
    StoreError,
    TruthOutcome,
    TruthTold,
    Windows,
)
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.sqlite import events, marks, query, series, truths, verdicts, windows
from hallmark_qoa.stores.sqlite.commit import commit
from hallmark_qoa.stores.sqlite.file import open_to_read, open_to_write, transaction
from hallmark_qoa.stores.sqlite.removal import remove_beyond, remove_oldest, remove_windows
from hallmark_qoa.stores.sqlite.schema import TooNewError
from hallmark_qoa.stores.sqlite.truths import add_truths
from hallmark_qoa.stores.sqlite.verdicts import put_verdicts

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class SqliteStore:
    """A :class:`hallmark_qoa.stores.base.Store` in one file.

    All writing is done, one piece after the other, in a thread of its own, and all reading in another, which sees what
    was committed when it began: neither waits for the other. A commit survives a kill of the process; after a loss of
    power the last ones may be gone, but the file is whole (WAL, synchronous NORMAL).
    """

    _writer: sqlite3.Connection
    _reader: sqlite3.Connection

    def __init__(self, path: Path, now_ns: Callable[[], int], engine: str, rules: WindowRules) -> None:
        self._path = path
        self._now_ns = now_ns
        self._engine = engine
        self._rules = rules
        self._write_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hallmark-sqlite-write")
        self._read_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hallmark-sqlite-read")

    @classmethod
    async def open(
        cls,
        path: Path,
        now_ns: Callable[[], int] = time.time_ns,
        *,
        engine: str = "qoa",
        rules: WindowRules | None = None,
    ) -> "SqliteStore":
        """Open or create the file and bring its schema up to date; :class:`StoreError` where that cannot be done.

        ``now_ns`` tells the time in nanoseconds since 1970, ``engine`` is the name of this engine.
        """
        store = cls(path, now_ns, engine, rules or WindowRules())
        try:
            await asyncio.get_running_loop().run_in_executor(store._write_thread, store._connect)
        except (OSError, sqlite3.Error, TooNewError) as error:
            store._shut_down()
            raise StoreError(
                f"{variable('state_dir')}: cannot use {path}: {error}; "
                f"set {variable('state_dir')} to a folder that is writable and was not written by a newer version"
            ) from error
        return store

    async def commit(self, batch: Batch, combine: Combine) -> list[Change]:
        """See the protocol. Where nothing is new nothing is written."""
        return await self._write(lambda c: commit(c, batch, combine, self._rules, self._now_ns()))

    async def journal(self) -> list[JournalEntry]:
        """See the protocol."""
        rows = await self._read(lambda c: c.execute("SELECT id, request FROM journal ORDER BY id").fetchall())
        return [JournalEntry(*row) for row in rows]

    async def get(self, prediction: str) -> QualityRecord | None:
        """See the protocol."""
        return await self._read(lambda c: query.find(c, prediction))

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        """See the protocol."""
        return await self._read(lambda c: query.predictions_of(c, trace_id, limit))

    async def page(self, which: Filter, size: int, after: Cursor | None = None) -> Page:
        """See the protocol."""
        return await self._read(lambda c: query.page(c, which, size, after))

    async def delete_before(self, started_ns: int, limit: int) -> int:
        """See the protocol."""
        return await self._write(lambda c: remove_oldest(c, started_ns, limit, self._rules, self._now_ns()))

    async def delete_beyond(self, max_bytes: int, limit: int) -> int:
        """See the protocol. The size is that of the pages in use, for whatever; the file gives back what is beyond."""
        return await self._write(lambda c: remove_beyond(c, max_bytes, limit, self._rules, self._now_ns()))

    async def observed(self, model: str, consumer: str, from_ns: int, before_ns: int) -> list[QualityRecord]:
        """See the protocol."""
        return await self._read(lambda c: query.observed(c, model, consumer, from_ns, before_ns))

    async def latest_event_ns(self, model: str, consumer: str) -> int | None:
        """See the protocol."""
        return await self._read(lambda c: query.latest_event_ns(c, model, consumer))

    async def export(self, which: Filter) -> AsyncIterator[list[QualityRecord]]:
        """See the protocol."""
        after: query.Mark | None = None
        while True:
            records, after = await self._read(partial(query.export_some, which=which, after=after))
            if after is None:
                return
            yield records

    async def count(self, which: Filter) -> int:
        """See the protocol."""
        return await self._read(lambda c: query.count(c, which))

    async def add_truths(self, truths: Sequence[TruthTold]) -> list[TruthOutcome]:
        """See the protocol."""
        return await self._write(lambda c: add_truths(c, truths, self._rules, self._now_ns()))

    async def delete_waiting_truths(self, told_before_ns: int, limit: int) -> int:
        """See the protocol."""
        return await self._write(lambda c: truths.delete_waiting(c, told_before_ns, limit))

    async def due(self, limit: int, after: Due | None = None) -> list[Due]:
        """See the protocol."""
        return await self._read(lambda c: marks.due(c, limit, after))

    async def put_folds(self, due: Due, folds: Sequence[Fold], next_size_s: int | None, *, usual_ns: int = 0) -> bool:
        """See the protocol."""
        put = windows.put_folds
        return await self._write(lambda c: put(c, due, folds, next_size_s, usual_ns=usual_ns, now_ns=self._now_ns()))

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
            lambda c: put(c, due, verdicts, events, spent, seen=seen, again=again, now_ns=self._now_ns())
        )

    async def verdicts(self, which: Windows, contract: str = "") -> list[WindowVerdict]:
        """See the protocol."""
        return await self._read(lambda c: verdicts.verdicts(c, which, contract))

    async def slices(self, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
        """See the protocol."""
        return await self._read(lambda c: verdicts.slices(c, which, contract, objective, variant))

    async def untold(self, limit: int) -> list[Event]:
        """See the protocol."""
        return await self._read(lambda c: events.untold(c, limit))

    async def told(self, ids: Sequence[str]) -> None:
        """See the protocol."""
        await self._write(lambda c: events.told(c, ids))

    async def events(self, after: int, limit: int) -> list[Noted]:
        """See the protocol."""
        return await self._read(lambda c: events.events(c, after, limit))

    async def last_event(self) -> int:
        """See the protocol."""
        return await self._read(events.last_event)

    async def delete_folds_before(self, size_s: int, written_ns: int, limit: int) -> int:
        """See the protocol."""
        return await self._write(lambda c: remove_windows(c, size_s, written_ns, limit, self._now_ns()))

    async def heartbeat(self, now_ns: int, latest_event_ns: int) -> dict[str, tuple[int, int]]:
        """See the protocol; there is one engine."""
        return {self._engine: (now_ns, latest_event_ns)}

    async def close(self) -> None:
        """See the protocol."""
        await self._read(sqlite3.Connection.close)
        await self._write(sqlite3.Connection.close)  # the last one writes back what is in the write-ahead log
        self._shut_down()

    async def _write(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._write_thread, lambda: work(self._writer))

    async def _read(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._read_thread, lambda: work(self._reader))

    def _connect(self) -> None:
        writer = open_to_write(self._path)
        try:
            with transaction(writer):
                marks.adopt(writer, self._rules, self._now_ns())
            self._reader = open_to_read(self._path)
        except BaseException:
            writer.close()
            raise
        self._writer = writer

    def _shut_down(self) -> None:
        self._write_thread.shutdown()
        self._read_thread.shutdown()
