"""The schema of the SQLite store, as the steps that lead to it."""

import logging
import sqlite3
from collections.abc import Callable

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.marks import placed_ns

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 2000
ROWS_PER_LINE = 100_000

Step = str | Callable[[sqlite3.Connection], None]


def _fill_event_times(connection: sqlite3.Connection) -> None:
    """Read each record once; a line of the log now and then, as that takes a minute for some millions."""
    last, done = 0, 0
    while rows := connection.execute(
        "SELECT rowid, record FROM records WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, ROWS_AT_ONCE)
    ).fetchall():
        times = [(placed_ns(QualityRecord.FromString(record)), row) for row, record in rows]
        connection.executemany("UPDATE records SET event_ns = ? WHERE rowid = ?", times)
        last, done = rows[-1][0], done + len(rows)
        if done % ROWS_PER_LINE == 0:
            logger.info("the store is brought up to date: %d records so far", done)


MIGRATIONS: tuple[tuple[Step, ...], ...] = (
    (
        # Blobs stay out of the indexes: the primary key's is small, and the one in the order of paging also holds the
        # columns that are filtered on, so that a filter reads no record that it leaves out.
        """CREATE TABLE records (
            prediction_id TEXT NOT NULL PRIMARY KEY,
            started_ns INTEGER NOT NULL,
            consumer TEXT NOT NULL,
            model TEXT NOT NULL,
            status TEXT NOT NULL,
            record BLOB NOT NULL,
            spans BLOB NOT NULL
        ) STRICT""",
        """CREATE INDEX records_newest ON records
            (started_ns DESC, prediction_id, consumer, model, status)""",
        "CREATE TABLE journal (id INTEGER PRIMARY KEY, request BLOB NOT NULL) STRICT",
    ),
    (
        # When a record that starts in the future was first stored, else NULL: few rows, so the index costs nothing.
        "ALTER TABLE records ADD COLUMN ahead_since_ns INTEGER",
        """UPDATE records SET ahead_since_ns = strftime('%s', 'now') * 1000000000
            WHERE started_ns > (strftime('%s', 'now') + 86400) * 1000000000""",
        "CREATE INDEX records_ahead ON records (ahead_since_ns) WHERE ahead_since_ns IS NOT NULL",
        # Ties of the start are sorted when they are read: an id in here too would double the size of the index.
        "CREATE INDEX records_newest_of_consumer ON records (consumer, started_ns DESC, model, status)",
        # Failures are few and looked for often: found without a walk over all that went well, and next to free to keep.
        "CREATE INDEX records_newest_failed ON records (status, started_ns DESC, prediction_id) WHERE status <> 'OK'",
    ),
    (
        "ALTER TABLE records ADD COLUMN event_ns INTEGER NOT NULL DEFAULT 0",
        _fill_event_times,
        "CREATE INDEX records_of_series ON records (model, consumer, event_ns)",
        # With the id, because many records may have the same event time, down to all of them.
        "CREATE INDEX records_by_event ON records (event_ns, prediction_id)",
        # Size of the windows that are folded from records.
        "CREATE TABLE base (size_s INTEGER NOT NULL) STRICT",
        """CREATE TABLE marks (
            size_s INTEGER NOT NULL,
            task INTEGER NOT NULL,
            start_ns INTEGER NOT NULL,
            model TEXT NOT NULL,
            consumer TEXT NOT NULL,
            revision INTEGER NOT NULL,
            changed_ns INTEGER NOT NULL,
            PRIMARY KEY (size_s, task, start_ns, model, consumer)
        ) STRICT, WITHOUT ROWID""",
        # Sealed is a window of which something that it is made of has been removed: it is never made anew.
        """CREATE TABLE windows (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            size_s INTEGER NOT NULL,
            start_ns INTEGER NOT NULL,
            model TEXT NOT NULL,
            consumer TEXT NOT NULL,
            written_ns INTEGER NOT NULL,
            sealed INTEGER NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX windows_of_series ON windows (size_s, model, consumer, start_ns)",
        "CREATE INDEX windows_in_order ON windows (size_s, start_ns, model, consumer)",
        "CREATE INDEX windows_oldest ON windows (size_s, written_ns)",
        """CREATE TABLE folds (
            id INTEGER PRIMARY KEY,
            window INTEGER NOT NULL,
            segment TEXT NOT NULL,
            variant TEXT NOT NULL,
            version TEXT NOT NULL,
            aggregate BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX folds_of_window ON folds (window, segment)",
        """CREATE TABLE verdicts (
            id INTEGER PRIMARY KEY,
            window INTEGER NOT NULL,
            promise BLOB NOT NULL,
            start_ns INTEGER NOT NULL,
            contract TEXT NOT NULL,
            segment TEXT NOT NULL,
            slice TEXT NOT NULL,
            verdict BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX verdicts_of_window ON verdicts (window)",
        "CREATE INDEX verdicts_of_promise ON verdicts (promise, start_ns, slice)",
        # The id of an event is kept as long as the window that it is of, its content until it has been told.
        """CREATE TABLE events (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            window INTEGER NOT NULL,
            change BLOB
        ) STRICT""",
        "CREATE INDEX events_of_window ON events (window)",
        "CREATE INDEX events_untold ON events (number) WHERE change IS NOT NULL",
        """CREATE TABLE truths (
            prediction_id TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL,
            observed_ns INTEGER NOT NULL,
            told_ns INTEGER NOT NULL,
            joined INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX truths_waiting ON truths (told_ns) WHERE NOT joined",
        """CREATE TABLE engines (
            name TEXT NOT NULL PRIMARY KEY,
            seen_ns INTEGER NOT NULL,
            latest_event_ns INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # A series are the windows of one size, model and consumer; see Series.
        """CREATE TABLE series (
            size_s INTEGER NOT NULL,
            model TEXT NOT NULL,
            consumer TEXT NOT NULL,
            revision INTEGER NOT NULL,
            PRIMARY KEY (size_s, model, consumer)
        ) STRICT, WITHOUT ROWID""",
        # Of windows whose records were there before them; see Series.
        """CREATE TABLE pasts (
            model TEXT NOT NULL,
            consumer TEXT NOT NULL,
            told_from_ns INTEGER NOT NULL,
            PRIMARY KEY (model, consumer)
        ) STRICT, WITHOUT ROWID""",
        # Of those before nobody has looked: to judge one again too often does no harm.
        "ALTER TABLE verdicts ADD COLUMN violated INTEGER NOT NULL DEFAULT 1",
        "CREATE INDEX verdicts_violated ON verdicts (window) WHERE violated",
        # What has been told stays for those who follow changes.
        "ALTER TABLE events ADD COLUMN told INTEGER NOT NULL DEFAULT 0",
        "UPDATE events SET told = 1 WHERE change IS NULL",
        "DROP INDEX events_untold",
        "CREATE INDEX events_untold ON events (number) WHERE NOT told",
        # Records that name no model have no windows.
        "DELETE FROM marks WHERE model = ''",
        "DELETE FROM folds WHERE window IN (SELECT id FROM windows WHERE model = '')",
        "DELETE FROM windows WHERE model = ''",
    ),
)
"""Steps that lead from schema version n to n + 1, at index n. Only ever appended to."""

VERSION = len(MIGRATIONS)


class TooNewError(Exception):
    """The file was written by a later version of this program."""

    def __init__(self, found: int) -> None:
        super().__init__(f"its schema version is {found}, this program knows up to {VERSION}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database, empty or old, to VERSION in one transaction; :class:`TooNewError` where it is beyond that."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _migrate(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT")
    found = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0
    if found > VERSION:
        raise TooNewError(found)
    for version in range(found, VERSION):
        for step in MIGRATIONS[version]:
            _take(connection, step)
        connection.execute("INSERT INTO schema_version VALUES (?)", (version + 1,))
    # A write in any case: a file that is up to date but read-only must be found out now, not at the first record.
    connection.execute("UPDATE schema_version SET version = version")


def _take(connection: sqlite3.Connection, step: Step) -> None:
    if isinstance(step, str):
        connection.execute(step)
    else:
        step(connection)
