"""The schema of the SQLite store, as the steps that lead to it."""

import sqlite3

MIGRATIONS = (
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
)
"""Statements that lead from schema version n to n + 1, at index n. Only ever appended to."""

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
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?)", (version + 1,))
    # A write in any case: a file that is up to date but read-only must be found out now, not at the first record.
    connection.execute("UPDATE schema_version SET version = version")
