"""The embedded store: one SQLite file, one thread that works on it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.settings import variable
from hallmark_qoa.combine import Combined
from hallmark_qoa.derive import started_ns
from hallmark_qoa.stores.base import Batch, Change, Combine, Cursor, Filter, JournalEntry, Page, StoreError
from hallmark_qoa.stores.rows import Row, combine_all, is_ahead
from hallmark_qoa.stores.schema import TooNewError, migrate

T = TypeVar("T")

_BUSY_TIMEOUT_S = 5.0
_MAX_PARAMETERS = 500
_MAX_PAGES = 4096
"""Pages that are given back at once, so that others get their turn."""

_ANY_AGE_NS = 2**63 - 1

_UPSERT = """INSERT INTO records (prediction_id, started_ns, consumer, model, status, record, spans, ahead_since_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (prediction_id) DO UPDATE SET started_ns = excluded.started_ns, consumer = excluded.consumer,
    model = excluded.model, status = excluded.status, record = excluded.record, spans = excluded.spans,
    ahead_since_ns = CASE WHEN excluded.ahead_since_ns NOTNULL
        THEN ifnull(ahead_since_ns, excluded.ahead_since_ns) END"""

# Two walks along an index each, whatever the number of records; a plain min() of both columns would look at them all.
_REMOVE_OLDEST = """DELETE FROM records WHERE rowid IN (SELECT id FROM (
    SELECT * FROM (SELECT rowid AS id, started_ns AS age_ns FROM records
        WHERE started_ns < ?1 AND ahead_since_ns IS NULL ORDER BY started_ns LIMIT ?2)
    UNION ALL
    SELECT * FROM (SELECT rowid, ahead_since_ns FROM records
        WHERE ahead_since_ns < ?1 ORDER BY ahead_since_ns LIMIT ?2)
    ORDER BY age_ns LIMIT ?2))"""


class SqliteStore:
    """A :class:`hallmark_qoa.stores.base.Store` in one file.

    All work on the file is done, one piece after the other, in a thread of its own. A commit survives a kill of the
    process; after a loss of power the last ones may be gone, but the file is whole (WAL, synchronous NORMAL).
    """

    def __init__(self, path: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._now_ns = now_ns
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hallmark-sqlite")
        self._connection: sqlite3.Connection

    @classmethod
    async def open(cls, path: Path, now_ns: Callable[[], int] = time.time_ns) -> "SqliteStore":
        """Open or create the file and bring its schema up to date; :class:`StoreError` where that cannot be done.

        ``now_ns`` tells the time in nanoseconds since 1970.
        """
        store = cls(path, now_ns)
        try:
            await store._run(store._connect)
        except (OSError, sqlite3.Error, TooNewError) as error:
            store._thread.shutdown()
            raise StoreError(
                f"{variable('state_dir')}: cannot use {path}: {error}; "
                f"set {variable('state_dir')} to a folder that is writable and was not written by a newer version"
            ) from error
        return store

    async def commit(self, batch: Batch, combine: Combine) -> list[Change]:
        """See the protocol. Where nothing is new nothing is written."""
        return await self._run(lambda: self._commit(batch, combine))

    async def journal(self) -> list[JournalEntry]:
        """See the protocol."""
        rows = await self._select("SELECT id, request FROM journal ORDER BY id", ())
        return [JournalEntry(*row) for row in rows]

    async def get(self, prediction: str) -> QualityRecord | None:
        """See the protocol."""
        rows = await self._select("SELECT record FROM records WHERE prediction_id = ?", (prediction,))
        return QualityRecord.FromString(rows[0][0]) if rows else None

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        """See the protocol."""
        rows = await self._select(
            "SELECT prediction_id FROM records WHERE prediction_id >= ? AND prediction_id < ? "
            "ORDER BY prediction_id LIMIT ?",
            (f"{trace_id}-", f"{trace_id}.", limit),  # '.' is the character after '-'
        )
        return [prediction for (prediction,) in rows]

    async def page(self, which: Filter, size: int, after: Cursor | None = None) -> Page:
        """See the protocol."""
        rows = await self._select(*page_query(which, size + 1, after))
        records = [QualityRecord.FromString(record) for _, _, record in rows[:size]]
        return Page(records, Cursor(*rows[size - 1][:2]) if len(rows) > size else None)

    async def delete_before(self, started_ns: int, limit: int) -> int:
        """See the protocol."""
        return await self._run(lambda: self._remove_oldest(started_ns, limit))

    async def delete_beyond(self, max_bytes: int, limit: int) -> int:
        """See the protocol. The size is that of the pages in use; the file gives back what is beyond it."""
        return await self._run(lambda: self._delete_beyond(max_bytes, limit))

    async def close(self) -> None:
        """See the protocol."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _select(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await self._run(lambda: self._connection.execute(statement, parameters).fetchall())

    def _connect(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            # Both hold for a new file only, and must come first. A record of a usual size would take a page of 4 KB for
            # itself; in pages of 8 KB it takes two thirds of the space, and of the time to write it.
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -65536")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _commit(self, batch: Batch, combine: Combine) -> list[Change]:
        with self._transaction() as connection:
            changes = combine_all(batch.groups, self._rows([group.prediction for group in batch.groups]), combine)
            now_ns = self._now_ns()
            written = [_parameters(c.combined, now_ns) for c in changes if c.outcome != "unchanged"]
            connection.executemany(_UPSERT, written)
            if batch.entry is not None:
                entry = (batch.entry.id, batch.entry.request)
                connection.execute("INSERT OR REPLACE INTO journal VALUES (?, ?)", entry)
            connection.executemany("DELETE FROM journal WHERE id = ?", [(number,) for number in batch.settled])
        return changes

    def _rows(self, predictions: Sequence[str]) -> dict[str, Row]:
        """What is stored of these: one statement for many, and on index pages that the insert after it needs anyway."""
        found: dict[str, Row] = {}
        for start in range(0, len(predictions), _MAX_PARAMETERS):
            some = predictions[start : start + _MAX_PARAMETERS]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT prediction_id, record, spans FROM records WHERE prediction_id IN ({marks})", some
            )
            found.update((prediction, Row(record, spans)) for prediction, record, spans in rows)
        return found

    def _remove_oldest(self, before_ns: int, limit: int) -> int:
        return self._connection.execute(_REMOVE_OLDEST, (before_ns, limit)).rowcount

    def _delete_beyond(self, max_bytes: int, limit: int) -> int:
        page_bytes = self._pragma("page_size")
        used_bytes = (self._pragma("page_count") - self._pragma("freelist_count")) * page_bytes
        removed = self._remove_oldest(_ANY_AGE_NS, limit) if used_bytes > max_bytes else 0
        surplus = self._pragma("page_count") - max_bytes // page_bytes
        if surplus > 0:
            # As a script: execute() stops after the first page, because this is a statement whose rows have no columns.
            self._connection.executescript(f"PRAGMA incremental_vacuum({min(surplus, _MAX_PAGES)})")
        return removed

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])


def _parameters(combined: Combined, now_ns: int) -> tuple[Any, ...]:
    record = combined.record
    start_ns = started_ns(record)
    return (
        record.prediction_id,
        start_ns,
        record.consumer,
        record.model.name,
        record.status,
        combined.record_bytes,
        combined.spans_bytes,
        now_ns if is_ahead(start_ns, now_ns) else None,
    )


def page_query(which: Filter, limit: int, after: Cursor | None) -> tuple[str, list[str | int]]:
    """The statement for the records of a page, and its parameters."""
    conditions, parameters = _where(which, after)
    statement = (
        f"SELECT started_ns, prediction_id, record FROM records {conditions} "
        "ORDER BY started_ns DESC, prediction_id LIMIT ?"
    )
    return statement, [*parameters, limit]


def _where(which: Filter, after: Cursor | None) -> tuple[str, list[str | int]]:
    conditions: list[tuple[str, str | int | None]] = [
        ("consumer = ?", which.consumer or None),
        ("model = ?", which.model or None),
        ("status = ?", which.status or None),
        ("started_ns >= ?", which.from_ns),
        ("started_ns < ?", which.before_ns),
    ]
    if after is not None:
        # Two conditions, of which the first alone is a range of the index.
        conditions += [("started_ns <= ?", after.started_ns)]
    texts = [text for text, value in conditions if value is not None]
    values = [value for _, value in conditions if value is not None]
    if which.status not in ("", "OK"):
        texts.append("status <> 'OK'")  # tells the planner that the index of failures holds them all
    if after is not None:
        texts.append("(started_ns < ? OR prediction_id > ?)")
        values += [after.started_ns, after.prediction]
    return ("WHERE " + " AND ".join(texts) if texts else ""), values
