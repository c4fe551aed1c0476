"""Databases of before are brought up to date, and their records have windows."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from hallmark_qoa.combine import combine
from hallmark_qoa.stores.base import Filter, Store, TruthTold
from hallmark_qoa.stores.postgres import schema as postgres_schema
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from hallmark_qoa.stores.sqlite import schema
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.postgres import PASSWORD
from tests.support.records import DAY_NS, NOW_NS, group, prediction, put, stage
from tests.support.windows import S, keep, kept, starts

T0 = NOW_NS // S
SPANS = [
    stage(1, NOW_NS, event_ns=5 * S),
    stage(2, NOW_NS - 1, consumer="d"),
    stage(3, NOW_NS - 2, event_ns=-5 * S, model="n"),
    stage(4, NOW_NS - 30 * DAY_NS),
]
VERSION_BEFORE = {"sqlite": 2, "postgresql": 1}


def write_sqlite(path: Path) -> None:
    """A file as the second version of the schema left it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT")
        connection.execute("INSERT INTO schema_version VALUES (2)")
        for step in (*schema.MIGRATIONS[0], *schema.MIGRATIONS[1]):
            assert isinstance(step, str)
            connection.execute(step)
        for span in SPANS:
            made = combine((), group(span))
            record = made.record
            row = (span.prediction, span.start_ns, record.consumer, record.model.name, "OK", made.record_bytes)
            connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", (*row, made.spans_bytes))


def write_postgres(url: str) -> None:
    """A database as the first version of the schema left it."""
    with psycopg.connect(url, password=PASSWORD, autocommit=True) as connection:
        postgres_schema.migrate(connection, postgres_schema.MIGRATIONS[:1])
        for span in SPANS:
            made = combine((), group(span))
            record = made.record
            place = (span.prediction, span.start_ns)
            connection.execute("INSERT INTO predictions VALUES (%s, %s, %s)", (*place, span.start_ns))
            row = (*place, record.consumer, record.model.name, "OK", made.record_bytes, made.spans_bytes)
            connection.execute("INSERT INTO records VALUES (%s, %s, %s, %s, %s, %s, %s)", row)
        connection.execute("INSERT INTO predictions VALUES (%s, 5, 5)", (prediction(9),))  # of a day that was dropped
        connection.execute("INSERT INTO dropped_days VALUES (0)")


@pytest.fixture(params=["sqlite", "postgresql"])
async def migrated(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of each kind that was made by the version before, and opened by this one."""
    for module in (schema, postgres_schema):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
        monkeypatch.setattr(module, "ROWS_PER_LINE", 3)
    if request.param == "sqlite":
        path = tmp_path / "qoa.sqlite3"
        write_sqlite(path)
        return await SqliteStore.open(path, lambda: NOW_NS)
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    url = new_database()
    write_postgres(url)
    return await PostgresStore.open(Target(url, "a", PASSWORD), lambda: NOW_NS)


async def test_records_are_found_by_the_time_of_their_event(migrated: Store) -> None:
    exported = [record.prediction_id async for some in migrated.export(Filter()) for record in some]
    assert exported == [prediction(number) for number in (3, 1, 4, 2)]
    assert await migrated.count(Filter()) == 4
    assert await migrated.latest_event_ns("m", "c") == NOW_NS - 30 * DAY_NS
    assert [one.prediction_id for one in await migrated.observed("n", "c", -10 * S, 0)] == [prediction(3)]
    assert await migrated.add_truths([TruthTold(prediction(1), "yes", 5)]) == ["joined"]
    await migrated.close()


async def test_nobody_is_told_of_windows_of_what_was_there_before(migrated: Store) -> None:
    told_from = {
        due.consumer: (await migrated.series(due)).told_from_ns for due in await migrated.due(9) if due.model == "m"
    }
    assert told_from == {"c": 10 * S, "d": NOW_NS}
    await put(migrated, stage(5, NOW_NS, consumer="new"))
    (*_, new) = await migrated.due(9)
    assert (await migrated.series(new)).told_from_ns is None
    await migrated.close()


async def test_windows_of_what_can_be_corrected_are_made(migrated: Store) -> None:
    assert await starts(migrated) == [-10, 0, T0 - 10]
    await keep(migrated)
    assert await kept(migrated, 10) == {-10: ["3"], 0: ["1"], T0 - 10: ["2"]}
    assert await put(migrated, stage(2, NOW_NS - 1, consumer="d", name="inference")) == ["updated"]
    assert await starts(migrated) == [T0 - 10]
    await migrated.close()
