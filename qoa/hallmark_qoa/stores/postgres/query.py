"""What is asked of PostgreSQL: one record, the predictions of a trace, pages of records."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import Cursor, Filter, Page
from hallmark_qoa.stores.postgres.days import windows
from hallmark_qoa.stores.rows import stored_text
from hallmark_qoa.stores.truths import with_truth

MAX_NS = 2**63 - 1

RECORD = "record, observed_ns, value"
RECORDS = "FROM records AS r LEFT JOIN truths AS t ON t.prediction_id = r.prediction_id"
"""Records with their truth; each truth is one look-up."""

_BOUNDS_OF_TRACE = """SELECT min(started_ns), max(started_ns) FROM predictions
    WHERE prediction_id >= %s AND prediction_id < %s"""

# LATERAL and OFFSET make this one look-up a prediction, whatever the planner believes of tables that it has no
# statistics of; without a record are those whose day was dropped.
_OF_TRACE = """SELECT p.prediction_id FROM predictions AS p CROSS JOIN LATERAL (
        SELECT FROM records AS r WHERE r.started_ns = p.started_ns AND r.prediction_id = p.prediction_id
        AND r.started_ns BETWEEN %s AND %s OFFSET 0) AS kept
    WHERE p.prediction_id >= %s AND p.prediction_id < %s ORDER BY p.prediction_id LIMIT %s"""


def find(connection: Connection, prediction: str) -> QualityRecord | None:
    """The record of a prediction."""
    place, looked_at = _place(connection, prediction), None
    while place != looked_at:  # again where the record moved in between
        # A statement of its own: with the start at hand the planner looks at one partition only.
        found = connection.execute(
            f"SELECT {RECORD} {RECORDS} WHERE started_ns = %s AND r.prediction_id = %s",
            (place, prediction),
            binary=True,
        ).fetchone()
        if found is not None:
            return with_truth(*found)
        place, looked_at = _place(connection, prediction), place
    return None


def predictions_of(connection: Connection, trace_id: str, limit: int) -> list[str]:
    """Ids of at most ``limit`` predictions of a trace, in order."""
    ids = (f"{trace_id}-", f"{trace_id}.")  # '.' is the character after '-'
    bounds = connection.execute(_BOUNDS_OF_TRACE, ids).fetchone() or ()
    return [prediction for (prediction,) in connection.execute(_OF_TRACE, (*bounds, *ids, limit))]


def page(connection: Connection, days: Iterable[int], which: Filter, size: int, after: Cursor | None) -> Page:
    """At most ``size`` records after a place; ``days`` are those that have a partition, as far as is known."""
    low_ns = max(0, which.from_ns or 0)
    high_ns = min(
        MAX_NS if which.before_ns is None else which.before_ns - 1, MAX_NS if after is None else after.started_ns
    )
    conditions, parameters = _where(which, after)
    rows: list[tuple[Any, ...]] = []
    for window in windows(days, low_ns, high_ns):
        cursor = connection.execute(
            f"SELECT started_ns, r.prediction_id, {RECORD} {RECORDS} WHERE {conditions} "
            "ORDER BY started_ns DESC, r.prediction_id LIMIT %s",
            (*window, *parameters, size + 1 - len(rows)),
            binary=True,
        )
        rows += cursor.fetchall()
        if len(rows) > size:
            break
    records = [with_truth(*row) for _, _, *row in rows[:size]]
    return Page(records, Cursor(*rows[size - 1][:2]) if len(rows) > size else None)


def _place(connection: Connection, prediction: str) -> int | None:
    row = connection.execute("SELECT started_ns FROM predictions WHERE prediction_id = %s", (prediction,)).fetchone()
    return row[0] if row is not None else None


def _where(which: Filter, after: Cursor | None) -> tuple[str, list[str | int]]:
    """Conditions on a window of time and on what it holds; the parameters after those of the window."""
    filters = [("consumer", which.consumer), ("model", which.model), ("status", which.status)]
    texts = ["started_ns BETWEEN %s AND %s", *(f"{column} = %s" for column, value in filters if value)]
    parameters: list[str | int] = [stored_text(value) for _, value in filters if value]
    if which.status not in ("", "OK"):
        texts.append("status <> 'OK'")  # tells the planner that the index of failures holds them all
    if after is not None:
        texts.append("(started_ns < %s OR r.prediction_id > %s)")
        parameters += [after.started_ns, after.prediction]
    return " AND ".join(texts), parameters
