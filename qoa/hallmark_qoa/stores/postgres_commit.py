"""One batch into PostgreSQL: find what is stored and lock it, combine, write everything in one go.

Two round trips for new predictions, one more where some are stored already. Rows of ``predictions`` are locked and made
in order of the id, so engines that write to the same predictions wait for each other and never in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection

from hallmark_qoa.derive import started_ns
from hallmark_qoa.stores.base import Batch, Change, Combine
from hallmark_qoa.stores.postgres_days import day_of
from hallmark_qoa.stores.rows import Row, combine_all, is_ahead

BYTES_PER_RECORD = 500
"""What a record takes besides its content: its indexes, the headers of its rows, measured."""

ATTEMPTS = 20
"""How often a batch is written at most while others write to the same predictions."""

_RACES = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

_LOCATE = """SELECT prediction_id, started_ns, age_ns FROM predictions
    WHERE prediction_id = ANY (%s) ORDER BY prediction_id FOR UPDATE"""

# Records by start and id. A prediction has one record, so two lists do for a list of pairs, and the planner sees which
# partitions they can be in. The collation, that of no index, keeps it from looking up every start with every id.
_AT = 'started_ns = ANY (%s) AND prediction_id COLLATE "POSIX" = ANY (%s)'

_READ = f"SELECT prediction_id, record, spans FROM records WHERE {_AT}"

_ADD_PREDICTIONS = "INSERT INTO predictions SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[])"

_MOVE_PREDICTIONS = """UPDATE predictions AS p SET started_ns = k.started_ns, age_ns = k.age_ns
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS k (prediction_id, started_ns, age_ns)
    WHERE p.prediction_id = k.prediction_id"""

_REMOVE_RECORDS = f"""DELETE FROM records WHERE {_AT}
    RETURNING prediction_id, octet_length(record) + octet_length(spans)"""

_PUT_RECORDS = """INSERT INTO records (prediction_id, started_ns, consumer, model, status, record, spans)
    SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bytea[])
    ON CONFLICT (started_ns, prediction_id) DO UPDATE SET consumer = excluded.consumer, model = excluded.model,
    status = excluded.status, record = excluded.record, spans = excluded.spans"""

_ADD_USAGE = """INSERT INTO usage SELECT %s, * FROM unnest(%s::integer[], %s::bigint[])
    ON CONFLICT (engine, day) DO UPDATE SET bytes = usage.bytes + excluded.bytes"""

_ADD_ENTRY = """INSERT INTO journal VALUES (%s, %s, %s)
    ON CONFLICT (engine, id) DO UPDATE SET request = excluded.request"""

_SETTLE = "DELETE FROM journal WHERE engine = %s AND id = ANY (%s)"


class Place(NamedTuple):
    """Where the record of a prediction is, and from when its age counts."""

    started_ns: int
    age_ns: int


class _Before(NamedTuple):
    """What is stored of the predictions of a batch, by prediction id."""

    places: Mapping[str, Place]
    rows: Mapping[str, Row]
    """Without those whose day was dropped and that were not swept yet."""


class _New(NamedTuple):
    """A record that is written, and its place."""

    prediction: str
    place: Place
    row: Row
    columns: tuple[str, str, str]


def commit(connection: Connection, batch: Batch, combine: Combine, engine: str, now_ns: int) -> list[Change]:
    """Write a batch in one transaction, again from the start where another engine was first; see the protocol."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _commit(connection, batch, combine, engine, now_ns)
        except _RACES:
            continue
    return _commit(connection, batch, combine, engine, now_ns)


def remove_records(connection: Connection, places: Mapping[str, Place], engine: str) -> None:
    """Remove records, inside a transaction, and take them off the usage."""
    rows = connection.execute(_REMOVE_RECORDS, _keys(places)).fetchall()
    freed: Counter[int] = Counter()
    for prediction, size in rows:
        freed[day_of(places[prediction].age_ns)] -= size + BYTES_PER_RECORD
    _add_usage(connection, engine, freed)


def _commit(connection: Connection, batch: Batch, combine: Combine, engine: str, now_ns: int) -> list[Change]:
    try:
        before = _read(connection, sorted({group.prediction for group in batch.groups}))
        changes = combine_all(batch.groups, before.rows, combine)
        _write(connection, _news(changes, before.places, now_ns), before, batch, engine)
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    return changes


def _read(connection: Connection, predictions: Sequence[str]) -> _Before:
    """Begin the transaction and lock what is stored of predictions."""
    with connection.pipeline():
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        cursor = connection.execute(_LOCATE, (predictions,), binary=True)
        places = {prediction: Place(*place) for prediction, *place in cursor}
    rows = connection.execute(_READ, _keys(places), binary=True).fetchall() if places else []
    return _Before(places, {prediction: Row(record, spans) for prediction, record, spans in rows})


def _keys(places: Mapping[str, Place]) -> tuple[list[int], list[str]]:
    return [place.started_ns for place in places.values()], list(places)


def _news(changes: Iterable[Change], places: Mapping[str, Place], now_ns: int) -> list[_New]:
    """What is to be written, by prediction id: of several changes of one prediction the last."""
    latest = {c.combined.record.prediction_id: c.combined for c in changes if c.outcome != "unchanged"}
    news = []
    for prediction in sorted(latest):
        combined = latest[prediction]
        record = combined.record
        place = _place(started_ns(record), places.get(prediction), now_ns)
        columns = (filter_text(record.consumer), filter_text(record.model.name), filter_text(record.status))
        news.append(_New(prediction, place, Row(combined.record_bytes, combined.spans_bytes), columns))
    return news


def _place(start_ns: int, before: Place | None, now_ns: int) -> Place:
    if not is_ahead(start_ns, now_ns):
        return Place(start_ns, start_ns)
    return Place(start_ns, now_ns if before is None else min(before.age_ns, now_ns))


def filter_text(text: str) -> str:
    """A text for a column that is filtered on; PostgreSQL's cannot hold NUL."""
    return text.replace("\0", "\ufffd")


def _write(connection: Connection, news: Sequence[_New], before: _Before, batch: Batch, engine: str) -> None:
    known = [new for new in news if new.prediction in before.places]
    added = [new for new in news if new.prediction not in before.places]
    moved = [new for new in known if new.place != before.places[new.prediction]]
    left = {new.prediction: before.places[new.prediction] for new in moved}
    with connection.pipeline():
        if added:
            connection.execute(_ADD_PREDICTIONS, _placed(added))
        if moved:
            connection.execute(_MOVE_PREDICTIONS, _placed(moved))
            connection.execute(_REMOVE_RECORDS, _keys(left))
        if news:
            connection.execute(_PUT_RECORDS, _columns(news))
        _add_usage(connection, engine, _growth(news, before))
        if batch.entry is not None:
            connection.execute(_ADD_ENTRY, (engine, batch.entry.id, batch.entry.request))
        if batch.settled:
            connection.execute(_SETTLE, (engine, list(batch.settled)))
        connection.execute("COMMIT")


def _placed(news: Iterable[_New]) -> list[list[Any]]:
    return [list(column) for column in zip(*((new.prediction, *new.place) for new in news), strict=True)]


def _columns(news: Iterable[_New]) -> list[list[Any]]:
    rows = ((new.prediction, new.place.started_ns, *new.columns, *new.row) for new in news)
    return [list(column) for column in zip(*rows, strict=True)]


def _growth(news: Iterable[_New], before: _Before) -> Counter[int]:
    """Bytes more, or less, a day."""
    growth: Counter[int] = Counter()
    for new in news:
        growth[day_of(new.place.age_ns)] += _size(new.row)
        if new.prediction in before.rows:
            growth[day_of(before.places[new.prediction].age_ns)] -= _size(before.rows[new.prediction])
    return growth


def _size(row: Row) -> int:
    return len(row.record) + len(row.spans) + BYTES_PER_RECORD


def _add_usage(connection: Connection, engine: str, growth: Mapping[int, int]) -> None:
    changed = {day: size for day, size in sorted(growth.items()) if size}
    if changed:
        connection.execute(_ADD_USAGE, (engine, list(changed), list(changed.values())))
