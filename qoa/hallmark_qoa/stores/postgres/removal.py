"""Removal of the oldest from PostgreSQL: windows, and records by whole days at once, what is left a few at a time.

A day goes by dropping its partition, whatever it holds. The rows of ``predictions`` that are left of it are narrow and
are swept in bounded steps; a removal is counted when its row goes.
"""

from psycopg import Connection

from hallmark_qoa.stores.marks import Window, window_start
from hallmark_qoa.stores.postgres.commit import Place, remove_records
from hallmark_qoa.stores.postgres.days import day_of, drop_partition, existing_days
from hallmark_qoa.stores.postgres.marks import Writer, seal
from hallmark_qoa.stores.postgres.races import until_won
from hallmark_qoa.stores.postgres.series import forget
from hallmark_qoa.stores.rows import DAY_NS

_OLDEST = """DELETE FROM predictions WHERE prediction_id IN (
        SELECT prediction_id FROM predictions WHERE age_ns >= %s AND age_ns < %s
        ORDER BY age_ns LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING prediction_id, started_ns, age_ns, model, consumer, event_ns"""

_OLDEST_WINDOWS = """DELETE FROM windows WHERE id IN (SELECT id FROM windows
        WHERE size_s = %s AND written_ns < %s ORDER BY written_ns LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, start_ns, model, consumer"""

_PARTS = (
    "DELETE FROM folds WHERE window_id = ANY (%s)",
    "DELETE FROM verdicts WHERE window_id = ANY (%s)",
    "DELETE FROM events WHERE window_id = ANY (%s) AND told",
)

_SIZE_ABOVE = """SELECT least((SELECT min(size_s) FROM windows WHERE size_s > %s),
    (SELECT min(size_s) FROM marks WHERE size_s > %s))"""


def remove_before(connection: Connection, writer: Writer, before_ns: int, limit: int) -> int:
    """Remove records that are older than a time; how many of at most ``limit``."""
    for day in sorted(existing_days(connection)):
        if (day + 1) * DAY_NS <= before_ns:
            drop_partition(connection, day)
    removed = _sweep_dropped(connection, writer, limit)
    removed += _remove_oldest(connection, writer, (0, before_ns), limit - removed)
    if removed < limit:
        connection.execute("DELETE FROM usage WHERE day < %s", (day_of(before_ns),))  # of days that are empty now
    return removed


def remove_beyond(connection: Connection, writer: Writer, max_bytes: int, limit: int) -> int:
    """Remove the oldest records while all take more than ``max_bytes``; how many of at most ``limit``."""
    surplus = _drop_days(connection, max_bytes)
    removed = _sweep_dropped(connection, writer, limit)
    if surplus <= 0:
        return removed
    return removed + _remove_oldest(connection, writer, (0, 2**63 - 1), limit - removed)


def remove_windows(connection: Connection, size_s: int, written_ns: int, limit: int, now_ns: int) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.delete_folds_before`."""
    with connection.transaction():
        found = connection.execute(_OLDEST_WINDOWS, (size_s, written_ns, limit)).fetchall()
        for statement in _PARTS:
            connection.execute(statement, ([number for number, *_ in found],))
        if found:
            forget(connection, size_s, {(model, consumer) for _, _, model, consumer in found})
        (above_s,) = connection.execute(_SIZE_ABOVE, (size_s, size_s)).fetchone() or (None,)
        if above_s is not None:
            above = {Window(window_start(start_ns, above_s), *series) for _, start_ns, *series in found}
            seal(connection, above_s, above, now_ns)
    return len(found)


def _drop_days(connection: Connection, max_bytes: int) -> int:
    """Drop the oldest days while what stays without them is too much; the bytes that are too much after that."""
    usage = connection.execute("SELECT day, sum(bytes)::bigint FROM usage GROUP BY day ORDER BY day").fetchall()
    surplus = sum(size for _, size in usage) - max_bytes
    existing = existing_days(connection)
    for day, size in usage:
        if surplus <= 0 or size > surplus:
            break
        if day in existing:
            drop_partition(connection, day)
            surplus -= size
        elif size > 0:  # kept without a partition: to be removed one by one, before what is newer
            break
    return int(surplus)


def _sweep_dropped(connection: Connection, writer: Writer, limit: int) -> int:
    removed = 0
    for (day,) in connection.execute("SELECT day FROM dropped_days ORDER BY day").fetchall():
        removed += _remove_oldest(connection, writer, (day * DAY_NS, (day + 1) * DAY_NS), limit - removed)
        if removed == limit:
            break
        connection.execute("DELETE FROM dropped_days WHERE day = %s", (day,))
    return removed


def _remove_oldest(connection: Connection, writer: Writer, ages_ns: tuple[int, int], limit: int) -> int:
    """Remove the oldest records with an age in a range; how many of at most ``limit``."""

    def remove() -> int:
        with connection.transaction():
            rows = connection.execute(_OLDEST, (*ages_ns, limit)).fetchall()
            if rows:
                remove_records(connection, {prediction: Place(*place) for prediction, *place in rows}, writer)
        return len(rows)

    return until_won(remove)
