"""What is asked of PostgreSQL in event time: the records of a window, and exports.

In two steps: which predictions, from ``predictions``, and then their records, of which the planner sees in which days
they can be. A record that moves in between has marked its windows, so whoever folds one of them does it again.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from psycopg import Connection

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import Filter
from hallmark_qoa.stores.postgres.days import day_of
from hallmark_qoa.stores.postgres.query import RECORD, RECORDS
from hallmark_qoa.stores.rows import DAY_NS, stored_text
from hallmark_qoa.stores.truths import with_truth

EXPORT_SIZE = 500
READ_SIZE = 1000
READ_DAYS = 8

OBSERVED = """SELECT started_ns, prediction_id FROM predictions
    WHERE model = %s AND consumer = %s AND event_ns >= %s AND event_ns < %s"""

LATEST = "SELECT max(event_ns) FROM predictions WHERE model = %s AND consumer = %s"

# The collation, that of no index, keeps the planner from looking up every start with every id.
READ = f"""SELECT r.prediction_id, {RECORD} {RECORDS}
    WHERE started_ns = ANY (%s) AND r.prediction_id COLLATE "POSIX" = ANY (%s)"""

# Of a day that was dropped predictions are left for a while.
_KEPT = f"age_ns / {DAY_NS} NOT IN (SELECT day FROM dropped_days)"

Parameters = list[str | int]


class Mark(NamedTuple):
    """A place in the order of an export."""

    event_ns: int
    prediction: str


def observed(connection: Connection, model: str, consumer: str, from_ns: int, before_ns: int) -> list[QualityRecord]:
    """See :meth:`hallmark_qoa.stores.base.Store.observed`."""
    period = (stored_text(model), stored_text(consumer), from_ns, before_ns)
    return [with_truth(*row) for _, *row in sorted(_read(connection, connection.execute(OBSERVED, period)))]


def latest_event_ns(connection: Connection, model: str, consumer: str) -> int | None:
    """See :meth:`hallmark_qoa.stores.base.Store.latest_event_ns`."""
    row = connection.execute(LATEST, (stored_text(model), stored_text(consumer))).fetchone()
    return row[0] if row is not None else None


def export_some(connection: Connection, which: Filter, after: Mark | None) -> tuple[list[QualityRecord], Mark | None]:
    """Records that come after a place, and the place of the last that was looked at; none after the last of all."""
    statement, parameters = export_query(which, EXPORT_SIZE, after)
    rows = connection.execute(statement.encode(), parameters).fetchall()
    if not rows:
        return [], None
    records = {one: row for one, *row in _read(connection, ((started_ns, one) for _, one, started_ns in rows))}
    found = (with_truth(*records[one]) for _, one, _ in rows if one in records)
    return [record for record in found if which.status in ("", record.status)], Mark(*rows[-1][:2])


def count(connection: Connection, which: Filter) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.count`."""
    if which.status not in ("", "OK"):
        return _count_failed(connection, which, which.status)
    where, parameters = _where(which)
    found = _one(connection, f"SELECT count(*) FROM predictions AS p WHERE {where} AND {_KEPT}", parameters)
    return found - _count_failed(connection, which, "") if which.status else found


def export_query(which: Filter, limit: int, after: Mark | None) -> tuple[str, Parameters]:
    """The statement for the next predictions of an export, and its parameters."""
    where, parameters = _where(which)
    if after is not None:
        where += " AND (event_ns, prediction_id) > (%s, %s)"
        parameters += after
    return (
        f"SELECT event_ns, prediction_id, started_ns FROM predictions AS p WHERE {where} "
        "ORDER BY event_ns, prediction_id LIMIT %s"
    ), [*parameters, limit]


def _count_failed(connection: Connection, which: Filter, status: str) -> int:
    """Failures are few, and found along an index of theirs."""
    where, parameters = _where(which)
    of_status, values = (" AND r.status = %s", [stored_text(status)]) if status else ("", [])
    return _one(
        connection,
        "SELECT count(*) FROM records AS r JOIN predictions AS p USING (prediction_id) "
        f"WHERE r.status <> 'OK'{of_status} AND {where}",
        [*values, *parameters],
    )


def _one(connection: Connection, statement: str, parameters: Parameters) -> int:
    row = connection.execute(statement.encode(), parameters).fetchone()
    return int(row[0]) if row is not None else 0


def parts(keys: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Starts and prediction ids in order, some at a time, of not too many days.

    Every start of a query is looked up in every partition that any of them can be in.
    """
    part: list[tuple[int, str]] = []
    days: set[int] = set()
    for key in sorted(keys):
        day = day_of(key[0])
        if len(part) == READ_SIZE or len(days | {day}) > READ_DAYS:
            yield part
            part, days = [], set()
        part.append(key)
        days.add(day)
    if part:
        yield part


def _read(connection: Connection, keys: Iterable[tuple[int, str]]) -> list[tuple[Any, ...]]:
    """Records with their truth by prediction id, of predictions with their starts."""
    found: list[tuple[Any, ...]] = []
    for part in parts(keys):
        starts, predictions = (list(column) for column in zip(*part, strict=True))
        found += connection.execute(READ, (starts, predictions), binary=True).fetchall()
    return found


def _where(which: Filter) -> tuple[str, Parameters]:
    conditions: Iterable[tuple[str, str | int | None]] = (
        ("p.model = %s", stored_text(which.model) or None),
        ("p.consumer = %s", stored_text(which.consumer) or None),
        ("p.event_ns >= %s", which.from_ns),
        ("p.event_ns < %s", which.before_ns),
    )
    used = [(text, value) for text, value in conditions if value is not None]
    return " AND ".join(["true", *(text for text, _ in used)]), [value for _, value in used]
