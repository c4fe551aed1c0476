"""Removal of the oldest from SQLite: records with their truths, and windows."""

import sqlite3

from hallmark_qoa.stores.marks import Spot, Window, WindowRules, window_start, windows_of
from hallmark_qoa.stores.sqlite.file import pragma, transaction
from hallmark_qoa.stores.sqlite.marks import seal
from hallmark_qoa.stores.sqlite.series import forget
from hallmark_qoa.stores.sqlite.truths import remove_truths

MAX_PAGES = 4096
"""Pages that are given back at once, so that others get their turn."""

ANY_AGE_NS = 2**63 - 1

# Two walks along an index each, whatever the number of records; a plain min() of both columns would look at them all.
_REMOVE_OLDEST = """DELETE FROM records WHERE rowid IN (SELECT id FROM (
    SELECT * FROM (SELECT rowid AS id, started_ns AS age_ns FROM records
        WHERE started_ns < ?1 AND ahead_since_ns IS NULL ORDER BY started_ns LIMIT ?2)
    UNION ALL
    SELECT * FROM (SELECT rowid, ahead_since_ns FROM records
        WHERE ahead_since_ns < ?1 ORDER BY ahead_since_ns LIMIT ?2)
    ORDER BY age_ns LIMIT ?2))
    RETURNING prediction_id, model, consumer, event_ns, started_ns"""

_OLDEST_WINDOWS = """SELECT id, start_ns, model, consumer FROM windows
    WHERE size_s = ? AND written_ns < ? ORDER BY written_ns LIMIT ?"""

_OLDEST_RECORD = """SELECT min(age_ns) FROM (
    SELECT min(started_ns) AS age_ns FROM records WHERE ahead_since_ns IS NULL
    UNION ALL SELECT min(ahead_since_ns) FROM records WHERE ahead_since_ns IS NOT NULL)"""

_SIZE_ABOVE = """SELECT min(size_s) FROM (SELECT min(size_s) AS size_s FROM windows WHERE size_s > ?
    UNION ALL SELECT min(size_s) FROM marks WHERE size_s > ?)"""

_PARTS = (
    "DELETE FROM folds WHERE window = ?",
    "DELETE FROM verdicts WHERE window = ?",
    "DELETE FROM events WHERE window = ? AND told",
    "DELETE FROM windows WHERE id = ?",
)


def remove_oldest(connection: sqlite3.Connection, before_ns: int, limit: int, rules: WindowRules, now_ns: int) -> int:
    """Remove records that are older than a time; how many of at most ``limit``."""
    with transaction(connection):
        removed = connection.execute(_REMOVE_OLDEST, (before_ns, limit)).fetchall()
        remove_truths(connection, (prediction for prediction, *_ in removed))
        spots = (Spot._make(spot) for _, *spot in removed)
        seal(connection, rules.base_s, windows_of(spots, rules.base_s), now_ns)
    return len(removed)


def remove_beyond(connection: sqlite3.Connection, max_bytes: int, limit: int, rules: WindowRules, now_ns: int) -> int:
    """Remove the oldest while the file uses more than a size, and give back pages; how many records."""
    page_bytes = pragma(connection, "page_size")
    used_bytes = (pragma(connection, "page_count") - pragma(connection, "freelist_count")) * page_bytes
    removed = 0
    if used_bytes > max_bytes:
        removed = remove_oldest(connection, ANY_AGE_NS, limit, rules, now_ns)
        _remove_windows_before_records(connection, limit, now_ns)
    surplus = pragma(connection, "page_count") - max_bytes // page_bytes
    if surplus > 0:
        # As a script: execute() stops after the first page, because this is a statement whose rows have no columns.
        connection.executescript(f"PRAGMA incremental_vacuum({min(surplus, MAX_PAGES)})")
    return removed


def remove_windows(connection: sqlite3.Connection, size_s: int, written_ns: int, limit: int, now_ns: int) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.delete_folds_before`."""
    with transaction(connection):
        found = connection.execute(_OLDEST_WINDOWS, (size_s, written_ns, limit)).fetchall()
        for statement in _PARTS:
            connection.executemany(statement, [(number,) for number, *_ in found])
        forget(connection, size_s, {(model, consumer) for _, _, model, consumer in found})
        (above_s,) = connection.execute(_SIZE_ABOVE, (size_s, size_s)).fetchone()
        if above_s is not None:
            above = {Window(window_start(start_ns, above_s), *series) for _, start_ns, *series in found}
            seal(connection, above_s, above, now_ns)
    return len(found)


def _remove_windows_before_records(connection: sqlite3.Connection, limit: int, now_ns: int) -> None:
    """A file that is full must not end up with windows only: these are as many however few records there are."""
    (oldest_ns,) = connection.execute(_OLDEST_RECORD).fetchone()
    for (size_s,) in connection.execute("SELECT DISTINCT size_s FROM windows ORDER BY size_s").fetchall():
        remove_windows(connection, size_s, now_ns if oldest_ns is None else oldest_ns, limit, now_ns)
