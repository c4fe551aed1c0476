"""What is asked of records in SQLite: one of them, pages, those of a window, an export."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import Cursor, Filter, Page
from hallmark_qoa.stores.rows import stored_text
from hallmark_qoa.stores.truths import with_truth

EXPORT_SIZE = 500

Parameters = list[str | int]
Conditions = Sequence[tuple[str, str | int | None]]

_RECORD = "record, observed_ns, value"
_RECORDS = "FROM records{} LEFT JOIN truths USING (prediction_id)"

_ONE = f"SELECT {_RECORD} {_RECORDS.format('')} WHERE prediction_id = ?"

OBSERVED = f"""SELECT {_RECORD} {_RECORDS.format(" INDEXED BY records_of_series")}
    WHERE model = ? AND consumer = ? AND event_ns >= ? AND event_ns < ? ORDER BY prediction_id"""

LATEST = "SELECT max(event_ns) FROM records WHERE model = ? AND consumer = ?"


class Mark(NamedTuple):
    """A place in the order of an export."""

    event_ns: int
    prediction: str


def find(connection: sqlite3.Connection, prediction: str) -> QualityRecord | None:
    """See :meth:`hallmark_qoa.stores.base.Store.get`."""
    row = connection.execute(_ONE, (prediction,)).fetchone()
    return with_truth(*row) if row is not None else None


def predictions_of(connection: sqlite3.Connection, trace_id: str, limit: int) -> list[str]:
    """See :meth:`hallmark_qoa.stores.base.Store.predictions_of`."""
    rows = connection.execute(
        "SELECT prediction_id FROM records WHERE prediction_id >= ? AND prediction_id < ? "
        "ORDER BY prediction_id LIMIT ?",
        (f"{trace_id}-", f"{trace_id}.", limit),  # '.' is the character after '-'
    )
    return [prediction for (prediction,) in rows]


def page(connection: sqlite3.Connection, which: Filter, size: int, after: Cursor | None) -> Page:
    """See :meth:`hallmark_qoa.stores.base.Store.page`."""
    rows = connection.execute(*page_query(which, size + 1, after)).fetchall()
    records = [with_truth(*row) for _, _, *row in rows[:size]]
    return Page(records, Cursor(*rows[size - 1][:2]) if len(rows) > size else None)


def observed(
    connection: sqlite3.Connection, model: str, consumer: str, from_ns: int, before_ns: int
) -> list[QualityRecord]:
    """See :meth:`hallmark_qoa.stores.base.Store.observed`."""
    return [with_truth(*row) for row in connection.execute(OBSERVED, (model, consumer, from_ns, before_ns))]


def latest_event_ns(connection: sqlite3.Connection, model: str, consumer: str) -> int | None:
    """See :meth:`hallmark_qoa.stores.base.Store.latest_event_ns`."""
    (found,) = connection.execute(LATEST, (model, consumer)).fetchone()
    return int(found) if found is not None else None


def export_some(
    connection: sqlite3.Connection, which: Filter, after: Mark | None
) -> tuple[list[QualityRecord], Mark | None]:
    """Records that come after a place, and the place of the last; none after the last of all."""
    rows = connection.execute(*export_query(which, EXPORT_SIZE, after)).fetchall()
    return [with_truth(*row) for _, _, *row in rows], Mark(*rows[-1][:2]) if rows else None


def count(connection: sqlite3.Connection, which: Filter) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.count`."""
    if which.status not in ("", "OK"):
        return _count(connection, which, "records_newest_failed", "status <> 'OK' AND status = ?", which.status)
    found = _count(connection, which, "records_of_series", "TRUE")
    return found - _count(connection, which, "records_newest_failed", "status <> 'OK'") if which.status else found


def page_query(which: Filter, limit: int, after: Cursor | None) -> tuple[str, Parameters]:
    """The statement for the records of a page, and its parameters."""
    conditions = [*_filters(which), ("started_ns >= ?", which.from_ns), ("started_ns < ?", which.before_ns)]
    if after is not None:
        # Two conditions, of which the first alone is a range of the index.
        conditions += [("started_ns <= ?", after.started_ns)]
    where, parameters = _where(conditions)
    # The planner knows no statistics; for a frequent model it would rather sort all of its records.
    index = "records_newest_of_consumer" if which.consumer else "records_newest"
    if which.status not in ("", "OK"):
        index = "records_newest_failed"
        where += " AND status <> 'OK'"  # tells the planner that the index of failures holds them all
    if after is not None:
        where += " AND (started_ns < ? OR prediction_id > ?)"
        parameters += [after.started_ns, after.prediction]
    return (
        f"SELECT started_ns, prediction_id, {_RECORD} {_RECORDS.format(f' INDEXED BY {index}')} WHERE {where} "
        "ORDER BY started_ns DESC, prediction_id LIMIT ?"
    ), [*parameters, limit]


def export_query(which: Filter, limit: int, after: Mark | None) -> tuple[str, Parameters]:
    """The statement for the next records of an export, and its parameters."""
    where, parameters = _where([*_filters(which), *_period(which)])
    if after is not None:
        where += " AND (event_ns, prediction_id) > (?, ?)"
        parameters += after
    return (
        f"SELECT event_ns, prediction_id, {_RECORD} {_RECORDS.format(' INDEXED BY records_by_event')} WHERE {where} "
        "ORDER BY event_ns, prediction_id LIMIT ?"
    ), [*parameters, limit]


def count_query(which: Filter, index: str, condition: str) -> tuple[str, Parameters]:
    """The statement that counts along an index, whatever the status, and its parameters."""
    where, parameters = _where([*_of_series(which), *_period(which)])
    return f"SELECT count(*) FROM records INDEXED BY {index} WHERE {condition} AND {where}", parameters


def _count(connection: sqlite3.Connection, which: Filter, index: str, condition: str, *values: str) -> int:
    statement, parameters = count_query(which, index, condition)
    (found,) = connection.execute(statement, (*values, *parameters)).fetchone()
    return int(found)


def _of_series(which: Filter) -> Conditions:
    return (("consumer = ?", stored_text(which.consumer) or None), ("model = ?", stored_text(which.model) or None))


def _filters(which: Filter) -> Conditions:
    return (*_of_series(which), ("status = ?", which.status or None))


def _period(which: Filter) -> Conditions:
    return (("event_ns >= ?", which.from_ns), ("event_ns < ?", which.before_ns))


def _where(conditions: Conditions) -> tuple[str, Parameters]:
    used = [(text, value) for text, value in conditions if value is not None]
    return " AND ".join(["TRUE", *(text for text, _ in used)]), [value for _, value in used]
