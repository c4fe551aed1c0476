"""Folds of windows in PostgreSQL, and how windows are found."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from psycopg import Connection

from hallmark_qoa.stores.base import Due, Fold, Windows
from hallmark_qoa.stores.marks import Window, window_start
from hallmark_qoa.stores.postgres.marks import Writer, mark, take
from hallmark_qoa.stores.postgres.races import until_won
from hallmark_qoa.stores.postgres.series import mark_explained, renew
from hallmark_qoa.stores.rows import DAY_NS, stored_text

Parameters = list[str | int]

_FIND = """SELECT id, sealed FROM windows WHERE size_s = %s AND model = %s AND consumer = %s AND start_ns = %s
    FOR UPDATE"""

_PUT = """INSERT INTO windows (size_s, model, consumer, start_ns, written_ns, sealed) VALUES (%s, %s, %s, %s, %s, false)
    ON CONFLICT (size_s, model, consumer, start_ns) DO UPDATE SET written_ns = excluded.written_ns RETURNING id"""

_FOLDS = "SELECT segment, variant, version, aggregate FROM folds WHERE window_id = %s"

_PUT_FOLDS = """INSERT INTO folds (window_id, segment, variant, version, aggregate)
    SELECT %b, * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bytea[])"""

# Records of a day that was dropped are gone before their predictions are swept, which seals the window.
_PARTLY_DROPPED = f"""SELECT FROM dropped_days AS d CROSS JOIN LATERAL (SELECT FROM predictions
        WHERE model = %s AND consumer = %s AND event_ns >= %s AND event_ns < %s
        AND age_ns >= d.day::bigint * {DAY_NS} AND age_ns < (d.day::bigint + 1) * {DAY_NS} LIMIT 1) AS p LIMIT 1"""

_IN_ORDER = attrgetter("start_ns", "consumer", "model", "variant", "version", "segment")


class _ChangedError(Exception):
    """The window is not as it was when its mark was read; nothing is to be written."""


def put_folds(
    connection: Connection,
    due: Due,
    folds: Sequence[Fold],
    next_size_s: int | None,
    *,
    usual_ns: int,
    writer: Writer,
) -> bool:
    """See :meth:`hallmark_qoa.stores.base.Store.put_folds`."""
    content = sorted(
        (stored_text(fold.segment), stored_text(fold.variant), stored_text(fold.version), fold.aggregate)
        for fold in folds
    )

    def put() -> bool:
        with connection.transaction():
            take_or_leave(connection, due)
            if due.size_s == writer.rules.base_s and _is_partly_dropped(connection, due):
                return False
            found = connection.execute(_FIND, _key(due)).fetchone()
            if found is not None and found[1]:
                return False
            before = connection.execute(_FOLDS, (found[0],), binary=True).fetchall() if found is not None else []
            if sorted(before) != content:
                renew(connection, due)
                _replace(connection, due, content, writer.now_ns)
                mark_explained(connection, due, usual_ns, writer)
                since = writer._replace(now_ns=due.changed_ns)
                series = (due.model, due.consumer)
                judged = [Window(due.start_ns, *series)]
                mark(connection, "judge", due.size_s, judged, since)
                if next_size_s is not None:
                    above = [Window(window_start(due.start_ns, next_size_s), *series)]
                    mark(connection, "fold", next_size_s, above, since)
        return True

    return unless_changed(put)


def take_or_leave(connection: Connection, due: Due) -> None:
    """Remove the mark of a window, inside a transaction; raises what :func:`unless_changed` expects."""
    if not take(connection, due):
        raise _ChangedError


def renew_or_leave(connection: Connection, due: Due, seen: int | None) -> None:
    """Give the series of a window another revision, likewise."""
    if not renew(connection, due, seen):
        raise _ChangedError


def unless_changed(put: Callable[[], bool]) -> bool:
    """Do work that is one transaction, again where another one was in the way; False where the window changed."""
    try:
        return until_won(put)
    except _ChangedError:
        return False


def window_number(connection: Connection, due: Due) -> int | None:
    """The number of a window, which stays until the end of the transaction; None where it is not there."""
    row = connection.execute(_FIND, _key(due)).fetchone()
    return int(row[0]) if row is not None else None


def folds(connection: Connection, which: Windows) -> list[Fold]:
    """See :meth:`hallmark_qoa.stores.base.Store.folds`."""
    statement, parameters = folds_query(which)
    rows = connection.execute(statement.encode(), parameters, binary=True)
    return sorted((Fold(*row) for row in rows), key=_IN_ORDER)


def folds_query(which: Windows) -> tuple[str, Parameters]:
    """The statement for folds, in no order, and its parameters."""
    source, parameters = windows_with("folds", which)
    return (
        f"SELECT w.size_s, w.start_ns, w.consumer, w.model, variant, version, segment, aggregate {source}",
        parameters,
    )


def windows_with(table: str, which: Windows) -> tuple[str, Parameters]:
    """FROM and WHERE of what a table holds of windows, and the parameters."""
    of_window, parameters = _conditions(which)
    segment = [stored_text(which.segment)] if which.segment is not None else []
    # OFFSET makes what is of a window one look-up a window, whatever the planner believes: with statistics of one of
    # two tables and none of the other it read all of that, 500 ms instead of 1 ms.
    items = f"(SELECT * FROM {table} WHERE window_id = w.id {'AND segment = %s' if segment else ''} OFFSET 0) AS i"
    source = f"FROM windows AS w CROSS JOIN LATERAL {items} WHERE {of_window}"
    if not which.last:
        return source, [*segment, *parameters]
    first = (
        f"SELECT min(start_ns) FROM (SELECT DISTINCT w.start_ns FROM windows AS w CROSS JOIN LATERAL "
        f"{items.replace('OFFSET 0', 'LIMIT 1')} WHERE {of_window} ORDER BY w.start_ns DESC LIMIT %s) AS last"
    )
    return f"{source} AND w.start_ns >= ({first})", [*segment, *parameters, *segment, *parameters, which.last]


def _conditions(which: Windows) -> tuple[str, Parameters]:
    conditions: Iterable[tuple[str, str | int | None]] = (
        ("w.size_s = %s", which.size_s),
        ("w.model = %s", stored_text(which.model) or None),
        ("w.consumer = %s", stored_text(which.consumer) or None),
        ("w.start_ns >= %s", which.from_ns),
        ("w.start_ns < %s", which.before_ns),
    )
    used = [(text, value) for text, value in conditions if value is not None]
    return " AND ".join(text for text, _ in used), [value for _, value in used]


def _key(due: Due) -> tuple[int, str, str, int]:
    return due.size_s, due.model, due.consumer, due.start_ns


def _is_partly_dropped(connection: Connection, due: Due) -> bool:
    period = (due.model, due.consumer, due.start_ns, due.end_ns)
    return connection.execute(_PARTLY_DROPPED.encode(), period).fetchone() is not None


def _replace(connection: Connection, due: Due, content: Sequence[tuple[str, str, str, bytes]], now_ns: int) -> None:
    (number,) = connection.execute(_PUT, (*_key(due), now_ns)).fetchone() or (0,)
    connection.execute("DELETE FROM folds WHERE window_id = %s", (number,))
    if content:
        connection.execute(_PUT_FOLDS, (number, *map(list, zip(*content, strict=True))))
