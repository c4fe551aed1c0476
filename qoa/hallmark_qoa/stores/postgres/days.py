"""Days: which day a record is kept under, and the partitions of days as they come and go.

A record of a day without a partition is kept in the default one, ``records_other``; when the day gets a partition later
its records move there.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection, sql

from hallmark_qoa.stores.postgres.session import DDL_LOCK
from hallmark_qoa.stores.rows import DAY_NS

EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(2000, 1, 1) - EPOCH).days
"""Clocks that were never set say earlier days, one or another; these are not worth a partition each."""

MAX_DAYS = 1000
"""Partitions in all; a wrong clock could ask for one for every day of a century."""

NEW_DAYS_PER_BATCH = 16

MAX_MOVED = 10_000
"""Records that are moved at most to a new partition; nobody can read or write those without one meanwhile."""

_DDL_LOCK_TIMEOUT = "1s"
"""Whoever waits for a table, behind a backup say, makes all others wait behind it."""

DAYS_PER_WINDOW = 8

_PREFIX = "records_day_"

_TOO_MANY = sql.SQL(
    "SELECT FROM records_other WHERE started_ns >= {low} AND started_ns < {high} ORDER BY started_ns DESC "
    "OFFSET {limit} LIMIT 1"
)
_MAKE = (
    sql.SQL("CREATE TABLE {name} (LIKE records INCLUDING ALL)"),
    sql.SQL("LOCK TABLE records_other IN ACCESS EXCLUSIVE MODE"),
    sql.SQL(
        "WITH moved AS (DELETE FROM records_other WHERE started_ns >= {low} AND started_ns < {high} RETURNING *) "
        "INSERT INTO {name} SELECT * FROM moved"
    ),
    sql.SQL("ALTER TABLE records ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})"),
)


def day_of(ns: int) -> int:
    """The day in UTC, counted from 1970, of a time in nanoseconds since 1970."""
    return ns // DAY_NS


def worth_a_partition(days: Iterable[int], known: Collection[int], today: int) -> list[int]:
    """Of days with records those that get a partition now, newest first: plausible ones, and a bounded number."""
    plausible = {day for day in days if FIRST_DAY <= day <= today + 1}.difference(known)
    room = max(0, min(NEW_DAYS_PER_BATCH, MAX_DAYS - len(known)))
    return sorted(plausible, reverse=True)[:room]


def windows(known: Iterable[int], low_ns: int, high_ns: int) -> list[tuple[int, int]]:
    """Cut a range of time into ranges of at most DAYS_PER_WINDOW known days each, newest first; all bounds included.

    A query over all partitions would lock and plan each of them. The ranges have no gaps, so days that are not known
    here, because another engine has made them, are not missed.
    """
    starts = [day * DAY_NS for day in sorted(known, reverse=True)][DAYS_PER_WINDOW - 1 :: DAYS_PER_WINDOW]
    lows = [*(start for start in starts if low_ns < start <= high_ns), low_ns]
    highs = [high_ns, *(low - 1 for low in lows[:-1])]
    return list(zip(lows, highs, strict=True)) if low_ns <= high_ns else []


def existing_days(connection: Connection) -> set[int]:
    """The days that have a partition."""
    rows = connection.execute(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'records'::regclass"
    )
    return {_day_of_partition(name) for (name,) in rows if name.startswith(_PREFIX)}


def make_partition(connection: Connection, day: int) -> bool:
    """Make the partition of a day, if there is none, and move there what was kept of that day elsewhere.

    False where too much is kept elsewhere. It is attached when it is whole, as that lets others read and write
    meanwhile; making it in place does not.
    """
    bounds = {"low": sql.Literal(day * DAY_NS), "high": sql.Literal((day + 1) * DAY_NS)}
    names = {"name": sql.Identifier(_partition(day)), "limit": sql.Literal(MAX_MOVED), **bounds}
    with connection.transaction():
        _lock_tables(connection)
        if day in existing_days(connection):
            return True
        if connection.execute(_TOO_MANY.format(**names)).fetchone():
            return False
        for statement in _MAKE:
            connection.execute(statement.format(**names))
    return True


def drop_partition(connection: Connection, day: int) -> None:
    """Drop the partition of a day with all of its records; what ``predictions`` says of them is left to be swept."""
    with connection.transaction():
        _lock_tables(connection)
        if day not in existing_days(connection):
            return
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(_partition(day))))
        connection.execute("INSERT INTO dropped_days VALUES (%s) ON CONFLICT DO NOTHING", (day,))
        connection.execute("DELETE FROM usage WHERE day = %s", (day,))


def _lock_tables(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (DDL_LOCK,))
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (_DDL_LOCK_TIMEOUT,))


def _partition(day: int) -> str:
    return f"{_PREFIX}{EPOCH + timedelta(days=day):%Y%m%d}"


def _day_of_partition(name: str) -> int:
    started = datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC)
    return (started.date() - EPOCH).days
