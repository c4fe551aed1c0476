"""Series in SQLite, the windows of one size, model and consumer: what of them depends on one that changes."""

import sqlite3
from collections.abc import Iterable

from hallmark_qoa.stores.base import Due, Series, Spent
from hallmark_qoa.stores.marks import Window, fresh_revision
from hallmark_qoa.stores.sqlite.marks import mark_to_judge
from hallmark_qoa.stores.verdicts import reckoned

_SERIES = """SELECT ifnull((SELECT revision FROM series WHERE size_s = ?1 AND model = ?2 AND consumer = ?3), 0),
    (SELECT told_from_ns FROM pasts WHERE model = ?2 AND consumer = ?3)"""

_RENEW = """INSERT INTO series (size_s, model, consumer, revision) VALUES (?, ?, ?, ?)
    ON CONFLICT (size_s, model, consumer) DO UPDATE SET revision = excluded.revision"""

_FORGET = """DELETE FROM series WHERE size_s = ?1 AND model = ?2 AND consumer = ?3
    AND NOT EXISTS (SELECT 1 FROM windows WHERE size_s = ?1 AND model = ?2 AND consumer = ?3)"""

VIOLATED = """SELECT DISTINCT w.start_ns FROM windows AS w INDEXED BY windows_of_series
    CROSS JOIN verdicts AS v INDEXED BY verdicts_violated ON v.window = w.id AND v.violated
    WHERE w.size_s = ? AND w.model = ? AND w.consumer = ? AND w.start_ns > ? AND w.start_ns <= ?"""

PROMISED = "SELECT DISTINCT start_ns FROM verdicts WHERE promise = ? AND start_ns > ? AND start_ns <= ?"


def series(connection: sqlite3.Connection, due: Due) -> Series:
    """See :meth:`hallmark_qoa.stores.base.Store.series`."""
    return Series(*connection.execute(_SERIES, (due.size_s, due.model, due.consumer)).fetchone())


def renew(connection: sqlite3.Connection, due: Due) -> None:
    """Give the series of a window another revision, inside a transaction."""
    connection.execute(_RENEW, (due.size_s, due.model, due.consumer, fresh_revision()))


def mark_explained(connection: sqlite3.Connection, due: Due, usual_ns: int, now_ns: int) -> None:
    """Mark the later windows whose verdicts say what is usual, as a window has changed that tells it."""
    series = (due.size_s, due.model, due.consumer)
    rows = connection.execute(VIOLATED, (*series, due.start_ns, due.start_ns + usual_ns))
    _mark(connection, due, {start_ns for (start_ns,) in rows}, now_ns)


def mark_reckoned(connection: sqlite3.Connection, due: Due, spent: Iterable[Spent], now_ns: int) -> None:
    """Mark the later windows in whose budgets a window counts that counts otherwise now."""
    found = (connection.execute(PROMISED, parameters) for parameters in reckoned(due, spent))
    _mark(connection, due, {start_ns for rows in found for (start_ns,) in rows}, now_ns)


def forget(connection: sqlite3.Connection, size_s: int, names: Iterable[tuple[str, str]]) -> None:
    """Let go of series, by model and consumer, of which no window is left."""
    connection.executemany(_FORGET, ((size_s, *one) for one in names))


def _mark(connection: sqlite3.Connection, due: Due, starts: Iterable[int], now_ns: int) -> None:
    windows = [Window(start_ns, due.model, due.consumer) for start_ns in starts]
    mark_to_judge(connection, due.size_s, windows, now_ns)
