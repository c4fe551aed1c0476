"""One batch into PostgreSQL: find what is stored and lock it, combine, write everything in one go.

Two round trips for new predictions, one more where some are stored already. Rows of ``predictions`` are locked and made
in order of the id, so engines that write to the same predictions wait for each other and never in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from hallmark_qoa.stores.base import Batch, Change, Combine
from hallmark_qoa.stores.marks import Spot, Touched, Window, touched, windows_of, with_lateness
from hallmark_qoa.stores.postgres.days import day_of
from hallmark_qoa.stores.postgres.marks import Writer, mark, seal
from hallmark_qoa.stores.postgres.races import until_won
from hallmark_qoa.stores.rows import Row, combine_all, is_ahead, stored_text

BYTES_PER_RECORD = 500
"""What a record takes besides its content: its indexes, the headers of its rows, measured."""

_LOCATE = """SELECT prediction_id, started_ns, age_ns, model, consumer, event_ns FROM predictions
    WHERE prediction_id = ANY (%s) ORDER BY prediction_id FOR UPDATE"""

# Records by start and id. A prediction has one record, so two lists do for a list of pairs, and the planner sees which
# partitions they can be in. The collation, that of no index, keeps it from looking up every start with every id.
_AT = 'started_ns = ANY (%s) AND prediction_id COLLATE "POSIX" = ANY (%s)'

_READ = f"SELECT prediction_id, record, spans FROM records WHERE {_AT}"

_PLACED = """unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
    AS k (prediction_id, started_ns, age_ns, model, consumer, event_ns)"""

_ADD_PREDICTIONS = f"""INSERT INTO predictions (prediction_id, started_ns, age_ns, model, consumer, event_ns)
    SELECT * FROM {_PLACED}"""

_MOVE_PREDICTIONS = f"""UPDATE predictions AS p SET started_ns = k.started_ns, age_ns = k.age_ns, model = k.model,
    consumer = k.consumer, event_ns = k.event_ns FROM {_PLACED} WHERE p.prediction_id = k.prediction_id"""

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
    model: str
    consumer: str
    event_ns: int

    @property
    def spot(self) -> Spot:
        """Where it is in event time."""
        return Spot(self.model, self.consumer, self.event_ns, self.started_ns)


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
    status: str


class _Writing(NamedTuple):
    """What a transaction writes."""

    news: Sequence[_New]
    before: _Before
    batch: Batch
    where: Touched


def commit(connection: Connection, batch: Batch, combine: Combine, writer: Writer) -> list[Change]:
    """Write a batch in one transaction, again from the start where another engine was first; see the protocol."""
    return until_won(lambda: _commit(connection, batch, combine, writer))


def remove_records(connection: Connection, places: Mapping[str, Place], writer: Writer) -> None:
    """Remove records whose predictions went, inside a transaction, with their truths; take them off the usage."""
    rows = connection.execute(_REMOVE_RECORDS, _keys(places)).fetchall()
    freed: Counter[int] = Counter()
    for prediction, size in rows:
        freed[day_of(places[prediction].age_ns)] -= size + BYTES_PER_RECORD
    _add_usage(connection, writer.engine, freed)
    connection.execute("DELETE FROM truths WHERE prediction_id = ANY (%s)", (list(places),))
    base_s = writer.rules.base_s
    seal(connection, base_s, windows_of((one.spot for one in places.values()), base_s), writer.now_ns)


def _commit(connection: Connection, batch: Batch, combine: Combine, writer: Writer) -> list[Change]:
    try:
        before = _read(connection, sorted({group.prediction for group in batch.groups}))
        changes = combine_all(batch.groups, before.rows, combine)
        spots = {prediction: place.spot for prediction, place in before.places.items()}
        where = touched(changes, spots, writer.rules, writer.now_ns)
        news = _news(zip(changes, where.spots, strict=True), before.places, writer.now_ns)
        marked = _write(connection, _Writing(news, before, batch, where), writer)
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    return with_lateness(changes, where, marked)


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


def _news(changes: Iterable[tuple[Change, Spot | None]], places: Mapping[str, Place], now_ns: int) -> list[_New]:
    """What is to be written, by prediction id: of several changes of one prediction the last."""
    latest = {c.combined.record.prediction_id: (c.combined, spot) for c, spot in changes if spot is not None}
    news = []
    for prediction in sorted(latest):
        combined, spot = latest[prediction]
        place = _place(spot, places.get(prediction), now_ns)
        row = Row(combined.record_bytes, combined.spans_bytes)
        news.append(_New(prediction, place, row, stored_text(combined.record.status)))
    return news


def _place(spot: Spot, before: Place | None, now_ns: int) -> Place:
    age_ns = spot.started_ns
    if is_ahead(spot.started_ns, now_ns):
        age_ns = now_ns if before is None else min(before.age_ns, now_ns)
    return Place(spot.started_ns, age_ns, spot.model, spot.consumer, spot.event_ns)


def _write(connection: Connection, writing: _Writing, writer: Writer) -> set[Window]:
    """Write everything and end the transaction; the windows that were marked."""
    news, before, batch, where = writing
    known = [new for new in news if new.prediction in before.places]
    added = [new for new in news if new.prediction not in before.places]
    moved = [new for new in known if new.place != before.places[new.prediction]]
    left = {
        new.prediction: before.places[new.prediction]
        for new in moved
        if new.place.started_ns != before.places[new.prediction].started_ns
    }
    with connection.pipeline():
        if added:
            connection.execute(_ADD_PREDICTIONS, _placed(added))
        if moved:
            connection.execute(_MOVE_PREDICTIONS, _placed(moved))
        if left:
            connection.execute(_REMOVE_RECORDS, _keys(left))
        if news:
            connection.execute(_PUT_RECORDS, _columns(news))
        _add_usage(connection, writer.engine, _growth(news, before))
        if batch.entry is not None:
            connection.execute(_ADD_ENTRY, (writer.engine, batch.entry.id, batch.entry.request))
        if batch.settled:
            connection.execute(_SETTLE, (writer.engine, list(batch.settled)))
        marked = mark(connection, "fold", writer.rules.base_s, where.windows, writer)
        connection.execute("COMMIT")
    return {Window(*row) for row in marked} if marked is not None else set()


def _placed(news: Iterable[_New]) -> list[list[Any]]:
    return [list(column) for column in zip(*((new.prediction, *new.place) for new in news), strict=True)]


def _columns(news: Iterable[_New]) -> list[list[Any]]:
    places = ((new, new.place) for new in news)
    rows = ((n.prediction, at.started_ns, at.consumer, at.model, n.status, *n.row) for n, at in places)
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
