"""What is asked of a store often is a walk along an index, however many days, records and windows there are."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hallmark_qoa.stores.base import Filter, Windows
from hallmark_qoa.stores.postgres import events as postgres_events
from hallmark_qoa.stores.postgres import marks as postgres_marks
from hallmark_qoa.stores.postgres import observed as postgres_observed
from hallmark_qoa.stores.postgres import series as postgres_series
from hallmark_qoa.stores.postgres import verdicts as postgres_verdicts
from hallmark_qoa.stores.postgres import windows as postgres_windows
from hallmark_qoa.stores.postgres.schema import migrate
from hallmark_qoa.stores.postgres.session import Target, connect
from hallmark_qoa.stores.postgres.store import PostgresStore
from hallmark_qoa.stores.sqlite import events as sqlite_events
from hallmark_qoa.stores.sqlite import marks as sqlite_marks
from hallmark_qoa.stores.sqlite import query as sqlite_query
from hallmark_qoa.stores.sqlite import series as sqlite_series
from hallmark_qoa.stores.sqlite import verdicts as sqlite_verdicts
from hallmark_qoa.stores.sqlite import windows as sqlite_windows
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.postgres import PASSWORD
from tests.support.records import DAY_NS, NOW_NS, put, stage

Query = tuple[str, Any]
ALONG_SQLITE: list[tuple[Query, list[str]]] = [
    ((sqlite_query.OBSERVED, ("m", "c", 1, 2)), ["records_of_series (model=? AND consumer=? AND event_ns>?"]),
    ((sqlite_query.LATEST, ("m", "c")), ["COVERING INDEX records_of_series (model=? AND consumer=?)"]),
    (
        sqlite_query.export_query(Filter(), 9, sqlite_query.Mark(1, "p")),
        ["records_by_event ((event_ns,predi"],
    ),
    (sqlite_query.export_query(Filter(model="m", from_ns=5), 9, None), ["records_by_event (event_ns>?)"]),
    (sqlite_query.count_query(Filter(consumer="c"), "records_of_series", "TRUE"), ["COVERING INDEX records_of_series"]),
    (
        sqlite_windows.folds_query(Windows(10, "m", "c", 1, 2)),
        ["windows_of_series (size_s=? AND model=?", "folds_of"],
    ),
    (
        sqlite_windows.folds_query(Windows(10, "m", last=5)),
        ["windows_in_order (size_s=? AND start_ns>?)", "folds_of"],
    ),
    (sqlite_windows.folds_query(Windows(10, "m", "c", last=5, segment="")), ["windows_of_series", "window=? AND segm"]),
    (sqlite_verdicts.verdicts_query(Windows(10, last=5), "c"), ["windows_in_order", "verdicts_of_window (window=?)"]),
    ((sqlite_verdicts.SLICES, (b"", 1, 2)), ["COVERING INDEX verdicts_of_promise (promise=? AND start_ns>?"]),
    ((sqlite_marks.DUE, (1, 1, 1, "", "", 9)), ["PRIMARY KEY ((size_s,task,start_ns,model,consumer)>"]),
    ((sqlite_series.VIOLATED, (10, "m", "c", 1, 2)), ["windows_of_series", "verdicts_violated (window=?)"]),
    ((sqlite_series.PROMISED, (b"", 1, 2)), ["COVERING INDEX verdicts_of_promise (promise=? AND start_ns>?"]),
    ((sqlite_events.AFTER, (1, 9)), ["INTEGER PRIMARY KEY (rowid>?)"]),
]


@pytest.mark.parametrize(("query", "steps"), ALONG_SQLITE)
async def test_sqlite(tmp_path: Path, query: Query, steps: list[str]) -> None:
    path = tmp_path / "qoa.sqlite3"
    await (await SqliteStore.open(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        plan = "\n".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query[0]}", query[1]))
    for step in steps:
        assert step in plan
    # What is sorted is what there is of one window, or of one page.
    assert "SCAN records\n" not in plan
    assert "SCAN w" not in plan


DAYS = 30


@pytest.fixture(scope="module")
def reader(new_database: Callable[[], str]) -> Iterator[psycopg.Connection[Any]]:
    """A connection as stores read by, to a database with windows."""
    url = new_database()
    with connect(Target(url, "reader", PASSWORD)) as connection:
        migrate(connection)
        connection.execute(
            "INSERT INTO windows (size_s, start_ns, model, consumer, written_ns, sealed) "
            "SELECT 10, g, 'm' || g % 2, 'c', g, false FROM generate_series(1, 20000) AS g"
        )
        connection.execute("INSERT INTO folds SELECT id, '', '', '', '' FROM windows")
        connection.execute("ANALYZE windows")  # and nothing else: what is known of one table must not mislead
        yield connection


ALONG_POSTGRES: list[tuple[Query, list[str]]] = [
    ((postgres_observed.OBSERVED, ("m", "c", 1, 2)), ["predictions_of_series"]),
    ((postgres_observed.LATEST, ("m", "c")), ["Index Only Scan Backward using predictions_of_series"]),
    (postgres_observed.export_query(Filter(), 9, postgres_observed.Mark(1, "p")), ["predictions_by_event"]),
    (postgres_observed.export_query(Filter(model="m", from_ns=5), 9, None), ["predictions_by_event"]),
    (postgres_windows.folds_query(Windows(10, "m1", "c", 1, 20)), ["windows_of_series on", "folds_of_window on folds"]),
    (postgres_windows.folds_query(Windows(10, last=5)), ["windows_in_order on windows w", "folds_of_window on folds"]),
    (postgres_verdicts.verdicts_query(Windows(10, last=5, segment=""), "c"), ["verdicts_of_window on verdicts"]),
    ((postgres_verdicts.SLICES, (b"", 1, 2)), ["Index Only Scan using verdicts_of_promise"]),
    ((postgres_marks.DUE, (1, 1, 1, "", "", 9)), ["Index Scan using marks_pkey"]),
    ((postgres_series.VIOLATED, (10, "m", "c", 1, 2)), ["Index Scan using windows_", "Scan using verdicts_violated"]),
    ((postgres_series.PROMISED, (b"", 1, 2)), ["Index Only Scan using verdicts_of_promise"]),
    ((postgres_events.AFTER, (1, 9)), ["Index Scan using events_pkey"]),
]


@pytest.mark.parametrize(("query", "steps"), ALONG_POSTGRES)
def test_postgresql(reader: psycopg.Connection[Any], query: Query, steps: list[str]) -> None:
    plan = "\n".join(row[0] for row in reader.execute(f"EXPLAIN {query[0]}".encode(), query[1]))
    for step in steps:
        assert step in plan
    for avoided in ("Seq Scan", "Materialize", "Hash Join", "Merge", "Gather"):
        assert avoided not in plan


async def test_postgresql_looks_for_records_of_a_window_in_their_days_only(new_database: Callable[[], str]) -> None:
    url = new_database()
    store = await PostgresStore.open(Target(url, "a", PASSWORD), lambda: NOW_NS)
    spans = [stage(number, NOW_NS - (number % DAYS) * DAY_NS - number, event_ns=5) for number in range(1, 3 * DAYS)]
    for start in range(0, len(spans), 10):  # a commit makes some partitions only
        await put(store, *spans[start : start + 10])
    keys = [(span.start_ns, span.prediction) for span in spans]
    with connect(Target(url, "reader", PASSWORD)) as connection:
        for part in postgres_observed.parts(keys):
            starts, predictions = (list(column) for column in zip(*part, strict=True))
            statement = f"EXPLAIN {postgres_observed.READ}".encode()
            plan = "\n".join(row[0] for row in connection.execute(statement, (starts, predictions)))
            days = {start // DAY_NS for start in starts}
            assert plan.count("Scan using records_day_") == len(days) <= postgres_observed.READ_DAYS
            assert "records_other" not in plan
    assert len(await store.observed("m", "c", 0, 10)) == len(spans)
    await store.close()
