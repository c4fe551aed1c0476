"""Folds of windows in SQLite, and how windows are found."""

import sqlite3
from collections.abc import Iterable, Sequence
from operator import attrgetter

from hallmark_qoa.stores.base import Due, Fold, Windows
from hallmark_qoa.stores.marks import Window, window_start
from hallmark_qoa.stores.sqlite.file import transaction
from hallmark_qoa.stores.sqlite.marks import mark, take
from hallmark_qoa.stores.sqlite.series import mark_explained, renew

_PUT_WINDOW = """INSERT INTO windows (size_s, start_ns, model, consumer, written_ns, sealed) VALUES (?, ?, ?, ?, ?, 0)
    ON CONFLICT (size_s, model, consumer, start_ns) DO UPDATE SET written_ns = excluded.written_ns RETURNING id"""

_NUMBER = "SELECT id FROM windows WHERE size_s = ? AND model = ? AND consumer = ? AND start_ns = ?"

_FOLDS_OF = f"SELECT segment, variant, version, aggregate FROM folds WHERE window = ({_NUMBER})"

_IN_ORDER = attrgetter("start_ns", "consumer", "model", "variant", "version", "segment")

Parameters = list[str | int]


def put_folds(
    connection: sqlite3.Connection,
    due: Due,
    folds: Sequence[Fold],
    next_size_s: int | None,
    *,
    usual_ns: int,
    now_ns: int,
) -> bool:
    """See :meth:`hallmark_qoa.stores.base.Store.put_folds`."""
    content = sorted((fold.segment, fold.variant, fold.version, fold.aggregate) for fold in folds)
    with transaction(connection):
        if not take(connection, due):
            return False
        if sorted(connection.execute(_FOLDS_OF, (due.size_s, due.model, due.consumer, due.start_ns))) == content:
            return True
        values = (due.size_s, due.start_ns, due.model, due.consumer, now_ns)
        (number,) = connection.execute(_PUT_WINDOW, values).fetchone()
        connection.execute("DELETE FROM folds WHERE window = ?", (number,))
        connection.executemany(
            "INSERT INTO folds (window, segment, variant, version, aggregate) VALUES (?, ?, ?, ?, ?)",
            ((number, *one) for one in content),
        )
        renew(connection, due)
        mark_explained(connection, due, usual_ns, now_ns)
        mark(connection, "judge", due.size_s, [Window(due.start_ns, due.model, due.consumer)], due.changed_ns)
        if next_size_s is not None:
            start_ns = window_start(due.start_ns, next_size_s)
            mark(connection, "fold", next_size_s, [Window(start_ns, due.model, due.consumer)], due.changed_ns)
    return True


def window_number(connection: sqlite3.Connection, due: Due) -> int | None:
    """The number of a window; None where it is not there."""
    row = connection.execute(_NUMBER, (due.size_s, due.model, due.consumer, due.start_ns)).fetchone()
    return int(row[0]) if row is not None else None


def folds(connection: sqlite3.Connection, which: Windows) -> list[Fold]:
    """See :meth:`hallmark_qoa.stores.base.Store.folds`."""
    statement, parameters = folds_query(which)
    return sorted((Fold(*row) for row in connection.execute(statement, parameters)), key=_IN_ORDER)


def folds_query(which: Windows) -> tuple[str, Parameters]:
    """The statement for folds, in no order, and its parameters."""
    source, parameters = windows_with("folds", which)
    return f"SELECT size_s, start_ns, consumer, model, variant, version, segment, aggregate {source}", parameters


def windows_with(table: str, which: Windows) -> tuple[str, Parameters]:
    """FROM and WHERE of what a table holds of windows, and the parameters."""
    # Which index is right depends on what is asked for; the planner, which knows no statistics, cannot tell.
    index = "windows_of_series" if which.model and which.consumer else "windows_in_order"
    texts, parameters = _conditions(which)
    source = f"FROM windows AS w INDEXED BY {index} CROSS JOIN {table} AS i ON i.window = w.id"
    where = " AND ".join(texts)
    if not which.last:
        return f"{source} WHERE {where}", parameters
    first = (
        f"SELECT min(start_ns) FROM (SELECT DISTINCT w.start_ns FROM windows AS w INDEXED BY {index} "
        f"WHERE {' AND '.join(_of_window(texts))} AND EXISTS (SELECT 1 FROM {table} AS i WHERE i.window = w.id"
        f"{' AND i.segment = ?' if which.segment is not None else ''}) ORDER BY w.start_ns DESC LIMIT ?)"
    )
    return f"{source} WHERE {where} AND w.start_ns >= ({first})", [*parameters, *parameters, which.last]


def _conditions(which: Windows) -> tuple[list[str], Parameters]:
    """Conditions on a window and what is of it; that on the segment is the last."""
    conditions: Iterable[tuple[str, str | int | None]] = (
        ("w.size_s = ?", which.size_s),
        ("w.model = ?", which.model or None),
        ("w.consumer = ?", which.consumer or None),
        ("w.start_ns >= ?", which.from_ns),
        ("w.start_ns < ?", which.before_ns),
        ("i.segment = ?", which.segment),
    )
    used = [(text, value) for text, value in conditions if value is not None]
    return [text for text, _ in used], [value for _, value in used]


def _of_window(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.startswith("w.")]
