"""Series in PostgreSQL, the windows of one size, model and consumer: what of them depends on one that changes.

Whoever changes something in a series gives it another revision first, which locks its row: so of two that do so at the
same time the second one sees what the first one has written, and the windows that were judged without it.
"""

from collections.abc import Iterable

from psycopg import Connection

from hallmark_qoa.stores.base import Due, Series, Spent
from hallmark_qoa.stores.marks import Window, fresh_revision
from hallmark_qoa.stores.postgres.marks import Writer, mark_to_judge
from hallmark_qoa.stores.verdicts import reckoned

_SERIES = """SELECT coalesce((SELECT revision FROM series WHERE size_s = %s AND model = %s AND consumer = %s), 0),
    (SELECT told_from_ns FROM pasts WHERE model = %s AND consumer = %s)"""

_RENEW = """INSERT INTO series (size_s, model, consumer, revision) VALUES (%s, %s, %s, %s)
    ON CONFLICT (size_s, model, consumer) DO UPDATE SET revision = excluded.revision
    WHERE %s::bigint IS NULL OR series.revision = %s RETURNING size_s"""

_FORGET = """DELETE FROM series AS s USING unnest(%s::text[], %s::text[]) AS k (model, consumer)
    WHERE s.size_s = %s AND s.model = k.model AND s.consumer = k.consumer
    AND NOT EXISTS (SELECT FROM windows AS w
        WHERE w.size_s = s.size_s AND w.model = s.model AND w.consumer = s.consumer)"""

# OFFSET makes what is of a window one look-up a window, whatever the planner believes.
VIOLATED = """SELECT w.start_ns FROM windows AS w
    CROSS JOIN LATERAL (SELECT FROM verdicts WHERE window_id = w.id AND violated OFFSET 0) AS v
    WHERE w.size_s = %s AND w.model = %s AND w.consumer = %s AND w.start_ns > %s AND w.start_ns <= %s"""

PROMISED = "SELECT start_ns FROM verdicts WHERE promise = %s AND start_ns > %s AND start_ns <= %s"


def series(connection: Connection, due: Due) -> Series:
    """See :meth:`hallmark_qoa.stores.base.Store.series`."""
    names = (due.model, due.consumer)
    return Series(*connection.execute(_SERIES, (due.size_s, *names, *names)).fetchone() or (0, None))


def renew(connection: Connection, due: Due, seen: int | None = None) -> bool:
    """Give the series of a window another revision, inside a transaction; False where it is not ``seen`` any more."""
    values = (due.size_s, due.model, due.consumer, fresh_revision(), seen, seen)
    return connection.execute(_RENEW, values).fetchone() is not None


def mark_explained(connection: Connection, due: Due, usual_ns: int, writer: Writer) -> None:
    """Mark the later windows whose verdicts say what is usual, as a window has changed that tells it."""
    series = (due.size_s, due.model, due.consumer)
    rows = connection.execute(VIOLATED, (*series, due.start_ns, due.start_ns + usual_ns))
    _mark(connection, due, {start_ns for (start_ns,) in rows}, writer)


def mark_reckoned(connection: Connection, due: Due, spent: Iterable[Spent], writer: Writer) -> None:
    """Mark the later windows in whose budgets a window counts that counts otherwise now."""
    found = (connection.execute(PROMISED, parameters) for parameters in reckoned(due, spent))
    _mark(connection, due, {start_ns for rows in found for (start_ns,) in rows}, writer)


def forget(connection: Connection, size_s: int, names: Iterable[tuple[str, str]]) -> None:
    """Let go of series, by model and consumer, of which no window is left."""
    models, consumers = zip(*sorted(names), strict=True)
    connection.execute(_FORGET, (list(models), list(consumers), size_s))


def _mark(connection: Connection, due: Due, starts: Iterable[int], writer: Writer) -> None:
    mark_to_judge(connection, due.size_s, [Window(start_ns, due.model, due.consumer) for start_ns in starts], writer)
