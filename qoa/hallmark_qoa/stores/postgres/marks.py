"""Marks in PostgreSQL: windows that are to be folded or judged.

A mark has one row an engine, so that no commit waits for that of another engine; its revision is what the bits of all
rows make by exclusive or. Whoever needs several marks takes them in order of size, task, start, model and consumer, and
marks before windows.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from psycopg import Connection, Cursor

from hallmark_qoa.stores.base import Due
from hallmark_qoa.stores.marks import Window, WindowRules, fresh_revision
from hallmark_qoa.stores.postgres.session import DDL_LOCK
from hallmark_qoa.stores.rows import stored_text

Task = Literal["fold", "judge"]

TASKS: tuple[Task, ...] = ("fold", "judge")
"""A task is stored as its place here."""

# A sealed window is not folded any more; it may be judged.
_MARK = """INSERT INTO marks (size_s, task, start_ns, model, consumer, engine, revision, changed_ns)
    SELECT %(size_s)s, %(task)s, k.start_ns, k.model, k.consumer, %(engine)s, %(revision)s, %(changed_ns)s
    FROM unnest(%(starts)s::bigint[], %(models)s::text[], %(consumers)s::text[]) AS k (start_ns, model, consumer)
    WHERE %(task)s <> 0 OR NOT EXISTS (SELECT FROM windows AS w WHERE w.size_s = %(size_s)s AND w.model = k.model
        AND w.consumer = k.consumer AND w.start_ns = k.start_ns AND w.sealed)
    ON CONFLICT (size_s, task, start_ns, model, consumer, engine)
    DO UPDATE SET revision = excluded.revision, changed_ns = greatest(marks.changed_ns, excluded.changed_ns)
    RETURNING start_ns, model, consumer"""

# One that is marked already keeps its revision: who is judging it finds out by that of the series.
_MARK_TO_JUDGE = """INSERT INTO marks (size_s, task, start_ns, model, consumer, engine, revision, changed_ns)
    SELECT %(size_s)s, %(task)s, k.start_ns, k.model, k.consumer, %(engine)s, %(revision)s, %(changed_ns)s
    FROM unnest(%(starts)s::bigint[], %(models)s::text[], %(consumers)s::text[]) AS k (start_ns, model, consumer)
    WHERE NOT EXISTS (SELECT FROM marks AS m WHERE m.size_s = %(size_s)s AND m.task = %(task)s
        AND m.start_ns = k.start_ns AND m.model = k.model AND m.consumer = k.consumer)"""

_TAKE = """DELETE FROM marks WHERE size_s = %s AND task = %s AND start_ns = %s AND model = %s AND consumer = %s
    RETURNING revision"""

DUE = """SELECT task, size_s, model, consumer, start_ns, bit_xor(revision), max(changed_ns) FROM marks
    WHERE (size_s, task, start_ns, model, consumer) > (%s, %s, %s, %s, %s)
    GROUP BY size_s, task, start_ns, model, consumer ORDER BY size_s, task, start_ns, model, consumer LIMIT %s"""

_UNMARK = """DELETE FROM marks AS m
    USING unnest(%s::bigint[], %s::text[], %s::text[]) AS k (start_ns, model, consumer)
    WHERE m.size_s = %s AND m.task = 0
    AND m.start_ns = k.start_ns AND m.model = k.model AND m.consumer = k.consumer"""

_SEAL = """INSERT INTO windows (size_s, start_ns, model, consumer, written_ns, sealed)
    SELECT %s, k.start_ns, k.model, k.consumer, %s, true
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k (start_ns, model, consumer)
    ON CONFLICT (size_s, model, consumer, start_ns) DO UPDATE SET sealed = true WHERE NOT windows.sealed"""

# PostgreSQL rounds to zero, event times may be before 1970.
_WINDOWS_OF_RECORDS = """SELECT DISTINCT event_ns - (event_ns %% %(size_ns)s + %(size_ns)s) %% %(size_ns)s AS start_ns,
    model, consumer FROM predictions WHERE started_ns >= %(oldest_ns)s AND model <> ''"""

_PAST = """INSERT INTO pasts (model, consumer, told_from_ns) SELECT k.model, k.consumer, max(k.start_ns) + %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k (start_ns, model, consumer) GROUP BY k.model, k.consumer
    ON CONFLICT (model, consumer)
    DO UPDATE SET told_from_ns = greatest(pasts.told_from_ns, excluded.told_from_ns)"""

_SEALED_OF_OTHER_SIZE = """SELECT FROM windows WHERE size_s = %s AND model = %s AND consumer = %s
    AND start_ns > %s AND start_ns < %s AND sealed LIMIT 1"""


class Writer(NamedTuple):
    """Who writes, by which rules, and when."""

    engine: str
    rules: WindowRules
    now_ns: int


def mark(connection: Connection, task: Task, size_s: int, windows: Iterable[Window], writer: Writer) -> Cursor | None:
    """Mark windows, each with a new revision; the rows of the cursor are those that were. None where there are none."""
    keys = columns(windows)
    return connection.execute(_MARK, _values(task, size_s, keys, writer)) if keys[0] else None


def mark_to_judge(connection: Connection, size_s: int, windows: Iterable[Window], writer: Writer) -> None:
    """Mark windows in which nothing has changed, but something that they are judged by."""
    keys = columns(windows)
    if keys[0]:
        connection.execute(_MARK_TO_JUDGE, _values("judge", size_s, keys, writer))


def take(connection: Connection, due: Due) -> bool:
    """Remove a mark, inside a transaction; False, to be rolled back, where it is not there with this revision."""
    key = (due.size_s, TASKS.index(due.task), due.start_ns, due.model, due.consumer)
    revision = 0
    rows = connection.execute(_TAKE, key).fetchall()
    for (part,) in rows:
        revision ^= part
    return bool(rows) and revision == due.revision


def seal(connection: Connection, size_s: int, windows: Iterable[Window], now_ns: int) -> None:
    """Have windows stay as they are, because something that they are made of goes."""
    keys = columns(windows)
    if keys[0]:
        connection.execute(_UNMARK, (*keys, size_s))
        connection.execute(_SEAL, (size_s, now_ns, *keys))


def due(connection: Connection, limit: int, after: Due | None) -> list[Due]:
    """See :meth:`hallmark_qoa.stores.base.Store.due`."""
    key: tuple[Any, ...] = (0, 0, 0, "", "")
    if after is not None:
        key = (after.size_s, TASKS.index(after.task), after.start_ns, after.model, after.consumer)
    return [Due(TASKS[task], *rest) for task, *rest in connection.execute(DUE, (*key, limit))]


def adopt(connection: Connection, writer: Writer) -> None:
    """Mark what is stored where windows were of another size before, or where there were none; it is the past then."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (DDL_LOCK,))
        _adopt(connection, writer)


def _adopt(connection: Connection, writer: Writer) -> None:
    rules, now_ns = writer.rules, writer.now_ns
    (found,) = connection.execute("SELECT max(size_s) FROM base").fetchone() or (None,)
    if found == rules.base_s:
        return
    bounds = {"size_ns": rules.base_s * 10**9, "oldest_ns": rules.oldest_ns(now_ns)}
    windows = [Window(*row) for row in connection.execute(_WINDOWS_OF_RECORDS, bounds)]
    sealed = [window for window in windows if found and _is_sealed(connection, window, found, rules.base_s)]
    mark(connection, "fold", rules.base_s, {*windows}.difference(sealed), writer)
    seal(connection, rules.base_s, sealed, now_ns)
    connection.execute(_PAST, (rules.base_s * 10**9, *columns(windows)))
    connection.execute("DELETE FROM base")
    connection.execute("INSERT INTO base VALUES (%s)", (rules.base_s,))


def columns(windows: Iterable[Window]) -> Sequence[list[Any]]:
    """Windows in order, as one list of starts, one of models, one of consumers."""
    return [list(column) for column in zip(*sorted(windows), strict=True)] or [[], [], []]


def _values(task: Task, size_s: int, keys: Sequence[list[Any]], writer: Writer) -> dict[str, Any]:
    starts, models, consumers = keys
    return {
        "size_s": size_s,
        "task": TASKS.index(task),
        "engine": stored_text(writer.engine),
        "revision": fresh_revision(),
        "changed_ns": writer.now_ns,
        "starts": starts,
        "models": models,
        "consumers": consumers,
    }


def _is_sealed(connection: Connection, window: Window, found_s: int, size_s: int) -> bool:
    """Windows of two sizes overlap where one of them is inside the other."""
    bounds = (window.start_ns - found_s * 10**9, window.start_ns + size_s * 10**9)
    key = (found_s, window.model, window.consumer)
    return connection.execute(_SEALED_OF_OTHER_SIZE, (*key, *bounds)).fetchone() is not None
