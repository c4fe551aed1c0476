"""One batch into SQLite: find what is stored, combine, write, and mark the windows in which something changed."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from hallmark_qoa.combine import Combined
from hallmark_qoa.stores.base import Batch, Change, Combine
from hallmark_qoa.stores.marks import Spot, WindowRules, touched, with_lateness
from hallmark_qoa.stores.rows import Row, combine_all, is_ahead
from hallmark_qoa.stores.sqlite.file import MAX_PARAMETERS, transaction
from hallmark_qoa.stores.sqlite.marks import mark

_UPSERT = """INSERT INTO records
    (prediction_id, started_ns, consumer, model, event_ns, status, record, spans, ahead_since_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (prediction_id) DO UPDATE SET started_ns = excluded.started_ns, consumer = excluded.consumer,
    model = excluded.model, event_ns = excluded.event_ns, status = excluded.status, record = excluded.record,
    spans = excluded.spans, ahead_since_ns = CASE WHEN excluded.ahead_since_ns NOTNULL
        THEN ifnull(ahead_since_ns, excluded.ahead_since_ns) END"""

_READ = """SELECT prediction_id, model, consumer, event_ns, started_ns, record, spans FROM records
    WHERE prediction_id IN ({})"""


def commit(
    connection: sqlite3.Connection, batch: Batch, combine: Combine, rules: WindowRules, now_ns: int
) -> list[Change]:
    """See :meth:`hallmark_qoa.stores.base.Store.commit`."""
    with transaction(connection):
        rows, spots = _read(connection, [group.prediction for group in batch.groups])
        changes = combine_all(batch.groups, rows, combine)
        where = touched(changes, spots, rules, now_ns)
        changed = zip(changes, where.spots, strict=True)
        written = [_parameters(change.combined, spot, now_ns) for change, spot in changed if spot is not None]
        connection.executemany(_UPSERT, written)
        marked = mark(connection, "fold", rules.base_s, where.windows, now_ns)
        _write_journal(connection, batch)
    return with_lateness(changes, where, marked)


def chunks(items: Sequence[str]) -> Iterable[tuple[str, Sequence[str]]]:
    """Some of the items at a time, each time with as many parameter marks."""
    for start in range(0, len(items), MAX_PARAMETERS):
        some = items[start : start + MAX_PARAMETERS]
        yield ",".join("?" * len(some)), some


def _read(connection: sqlite3.Connection, predictions: Sequence[str]) -> tuple[dict[str, Row], dict[str, Spot]]:
    """What is stored of these: one statement for many, and on index pages that the insert after it needs anyway."""
    rows: dict[str, Row] = {}
    spots: dict[str, Spot] = {}
    for marks, some in chunks(predictions):
        for prediction, *spot, record, spans in connection.execute(_READ.format(marks), some):
            rows[prediction] = Row(record, spans)
            spots[prediction] = Spot._make(spot)
    return rows, spots


def _parameters(combined: Combined, spot: Spot, now_ns: int) -> tuple[Any, ...]:
    return (
        combined.record.prediction_id,
        spot.started_ns,
        spot.consumer,
        spot.model,
        spot.event_ns,
        combined.record.status,
        combined.record_bytes,
        combined.spans_bytes,
        now_ns if is_ahead(spot.started_ns, now_ns) else None,
    )


def _write_journal(connection: sqlite3.Connection, batch: Batch) -> None:
    if batch.entry is not None:
        connection.execute("INSERT OR REPLACE INTO journal VALUES (?, ?)", (batch.entry.id, batch.entry.request))
    connection.executemany("DELETE FROM journal WHERE id = ?", [(number,) for number in batch.settled])
