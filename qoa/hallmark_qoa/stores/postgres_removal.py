"""Removal of the oldest records from PostgreSQL: whole days at once, what is left a few at a time.

A day goes by dropping its partition, whatever it holds. The rows of ``predictions`` that are left of it are narrow and
are swept in bounded steps; a removal is counted when its row goes.
"""

from psycopg import Connection

from hallmark_qoa.stores.postgres_commit import Place, remove_records
from hallmark_qoa.stores.postgres_days import day_of, drop_partition, existing_days
from hallmark_qoa.stores.rows import DAY_NS

_OLDEST = """DELETE FROM predictions WHERE prediction_id IN (
        SELECT prediction_id FROM predictions WHERE age_ns >= %s AND age_ns < %s
        ORDER BY age_ns LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING prediction_id, started_ns, age_ns"""


def remove_before(connection: Connection, engine: str, before_ns: int, limit: int) -> int:
    """Remove records that are older than a time; how many of at most ``limit``."""
    for day in sorted(existing_days(connection)):
        if (day + 1) * DAY_NS <= before_ns:
            drop_partition(connection, day)
    removed = _sweep_dropped(connection, engine, limit)
    removed += _remove_oldest(connection, engine, (0, before_ns), limit - removed)
    if removed < limit:
        connection.execute("DELETE FROM usage WHERE day < %s", (day_of(before_ns),))  # of days that are empty now
    return removed


def remove_beyond(connection: Connection, engine: str, max_bytes: int, limit: int) -> int:
    """Remove the oldest records while all take more than ``max_bytes``; how many of at most ``limit``."""
    surplus = _drop_days(connection, max_bytes)
    removed = _sweep_dropped(connection, engine, limit)
    if surplus <= 0:
        return removed
    return removed + _remove_oldest(connection, engine, (0, 2**63 - 1), limit - removed)


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


def _sweep_dropped(connection: Connection, engine: str, limit: int) -> int:
    removed = 0
    for (day,) in connection.execute("SELECT day FROM dropped_days ORDER BY day").fetchall():
        removed += _remove_oldest(connection, engine, (day * DAY_NS, (day + 1) * DAY_NS), limit - removed)
        if removed == limit:
            break
        connection.execute("DELETE FROM dropped_days WHERE day = %s", (day,))
    return removed


def _remove_oldest(connection: Connection, engine: str, ages_ns: tuple[int, int], limit: int) -> int:
    """Remove the oldest records with an age in a range; how many of at most ``limit``."""
    with connection.transaction():
        rows = connection.execute(_OLDEST, (*ages_ns, limit)).fetchall()
        if rows:
            remove_records(connection, {prediction: Place(*place) for prediction, *place in rows}, engine)
    return len(rows)
