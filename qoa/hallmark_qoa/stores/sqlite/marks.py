"""Marks in SQLite: windows that are to be folded or judged."""

import sqlite3
from collections.abc import Iterable
from typing import Literal

from hallmark_qoa.stores.base import Due
from hallmark_qoa.stores.marks import Window, WindowRules, fresh_revision

Task = Literal["fold", "judge"]

TASKS: tuple[Task, ...] = ("fold", "judge")
"""A task is stored as its place here."""

# A sealed window is not folded any more; it may be judged.
_MARK = """INSERT INTO marks (size_s, task, start_ns, model, consumer, revision, changed_ns)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?2 <> 0 OR NOT EXISTS (SELECT 1 FROM windows
        WHERE size_s = ?1 AND model = ?4 AND consumer = ?5 AND start_ns = ?3 AND sealed)
    ON CONFLICT (size_s, task, start_ns, model, consumer)
    DO UPDATE SET revision = excluded.revision, changed_ns = max(changed_ns, excluded.changed_ns)"""

# One that is marked already keeps its revision: who is judging it finds out by that of the series.
_MARK_TO_JUDGE = """INSERT INTO marks (size_s, task, start_ns, model, consumer, revision, changed_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""

_SEAL = """INSERT INTO windows (size_s, start_ns, model, consumer, written_ns, sealed) VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT (size_s, model, consumer, start_ns) DO UPDATE SET sealed = 1 WHERE NOT sealed"""

_DROP = "DELETE FROM marks WHERE size_s = ? AND task = ? AND start_ns = ? AND model = ? AND consumer = ?"

DUE = """SELECT task, size_s, model, consumer, start_ns, revision, changed_ns FROM marks
    WHERE (size_s, task, start_ns, model, consumer) > (?, ?, ?, ?, ?)
    ORDER BY size_s, task, start_ns, model, consumer LIMIT ?"""

# SQLite rounds to zero, event times may be before 1970.
_WINDOWS_OF_RECORDS = """SELECT DISTINCT event_ns - (event_ns % ?1 + ?1) % ?1, model, consumer FROM records
    WHERE started_ns >= ?2 AND model <> ''"""

_PAST = """INSERT INTO pasts (model, consumer, told_from_ns) VALUES (?, ?, ?)
    ON CONFLICT (model, consumer) DO UPDATE SET told_from_ns = max(told_from_ns, excluded.told_from_ns)"""

_SEALED_OF_OTHER_SIZE = """SELECT 1 FROM windows WHERE size_s = ? AND model = ? AND consumer = ?
    AND start_ns > ? AND start_ns < ? AND sealed LIMIT 1"""


def mark(
    connection: sqlite3.Connection, task: Task, size_s: int, windows: Iterable[Window], changed_ns: int
) -> set[Window]:
    """Mark windows, each with a new revision; those that were."""
    revision, number = fresh_revision(), TASKS.index(task)

    def is_marked(window: Window) -> bool:
        return connection.execute(_MARK, (size_s, number, *window, revision, changed_ns)).rowcount > 0

    return {window for window in windows if is_marked(window)}


def mark_to_judge(connection: sqlite3.Connection, size_s: int, windows: Iterable[Window], changed_ns: int) -> None:
    """Mark windows in which nothing has changed, but something that they are judged by."""
    revision, number = fresh_revision(), TASKS.index("judge")
    connection.executemany(_MARK_TO_JUDGE, ((size_s, number, *window, revision, changed_ns) for window in windows))


def take(connection: sqlite3.Connection, due: Due) -> bool:
    """Remove a mark; False where it is not there any more with this revision."""
    key = (due.size_s, TASKS.index(due.task), due.start_ns, due.model, due.consumer)
    return connection.execute(f"{_DROP} AND revision = ?", (*key, due.revision)).rowcount == 1


def seal(connection: sqlite3.Connection, size_s: int, windows: Iterable[Window], now_ns: int) -> None:
    """Have windows stay as they are, because something that they are made of goes."""
    for window in windows:
        connection.execute(_SEAL, (size_s, *window, now_ns))
        connection.execute(_DROP, (size_s, TASKS.index("fold"), *window))


def due(connection: sqlite3.Connection, limit: int, after: Due | None) -> list[Due]:
    """See :meth:`hallmark_qoa.stores.base.Store.due`."""
    key = (0, 0, 0, "", "")
    if after is not None:
        key = (after.size_s, TASKS.index(after.task), after.start_ns, after.model, after.consumer)
    return [Due(TASKS[task], *rest) for task, *rest in connection.execute(DUE, (*key, limit))]


def adopt(connection: sqlite3.Connection, rules: WindowRules, now_ns: int) -> None:
    """Mark what is stored where windows were of another size before, or where there were none; it is the past then."""
    (found,) = connection.execute("SELECT max(size_s) FROM base").fetchone()
    if found == rules.base_s:
        return
    size_ns = rules.base_s * 10**9
    rows = connection.execute(_WINDOWS_OF_RECORDS, (size_ns, rules.oldest_ns(now_ns))).fetchall()
    for window in map(Window._make, rows):
        # Windows of two sizes overlap where one of them is inside the other.
        bounds = (window.start_ns - (found or 0) * 10**9, window.start_ns + size_ns)
        if connection.execute(_SEALED_OF_OTHER_SIZE, (found, window.model, window.consumer, *bounds)).fetchone():
            seal(connection, rules.base_s, [window], now_ns)
        else:
            mark(connection, "fold", rules.base_s, [window], now_ns)
    connection.executemany(_PAST, ((w.model, w.consumer, w.start_ns + size_ns) for w in map(Window._make, rows)))
    connection.execute("DELETE FROM base")
    connection.execute("INSERT INTO base VALUES (?)", (rules.base_s,))
