"""What is true of the SQLite store alone: its file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.combine import combine
from hallmark_qoa.stores.base import Cursor, Filter, JournalEntry, StoreError
from hallmark_qoa.stores.sqlite.query import page_query
from hallmark_qoa.stores.sqlite.schema import MIGRATIONS, VERSION
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.records import DAY_NS, NOW_NS, group, prediction, put, stage, walk


async def test_everything_is_kept_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "below" / "qoa.sqlite3"
    first = await SqliteStore.open(path)
    await put(first, stage(1))
    await first.close()
    second = await SqliteStore.open(path)
    assert isinstance(await second.get(prediction(1)), QualityRecord)
    await second.close()


def write_garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def write_newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (999);")
    connection.close()


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [write_garbage, write_newer, make_folder])
async def test_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = tmp_path / "qoa.sqlite3"
    spoil(path)
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"HALLMARK_STATE_DIR: cannot use {path}: ")


async def test_state_dir_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="HALLMARK_STATE_DIR"):
        await SqliteStore.open(tmp_path / "state" / "qoa.sqlite3")


def write_version_1(path: Path, *starts_ns: int) -> None:
    """A file as the first version of the schema left it, with a record of each start and a journal entry."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT")
        connection.execute("INSERT INTO schema_version VALUES (1)")
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        for number, start_ns in enumerate(starts_ns, start=1):
            made = combine((), group(stage(number, start_ns)))
            row = (prediction(number), start_ns, "c", "m", "OK", made.record_bytes, made.spans_bytes)
            connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO journal VALUES (7, x'00')")


async def test_file_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "qoa.sqlite3"
    far_ns = 7_258_118_400 * 10**9
    write_version_1(path, NOW_NS, NOW_NS + 1, far_ns)
    store = await SqliteStore.open(path)
    assert await walk(store, Filter(consumer="c")) == [prediction(number) for number in (3, 2, 1)]
    assert await store.journal() == [JournalEntry(7, b"\0")]
    assert await put(store, stage(1, NOW_NS), stage(2, NOW_NS + 1, name="inference")) == ["unchanged", "updated"]
    # The one of the year 2200 was given an age by the migration: it is no older than this test and no younger.
    assert await store.delete_before(far_ns - DAY_NS, 10) == 3
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (VERSION,)


async def test_file_gives_back_what_is_beyond_its_size(tmp_path: Path) -> None:
    path = tmp_path / "qoa.sqlite3"
    store = await SqliteStore.open(path)
    await put(store, *(stage(number, NOW_NS + number, model="m" * 256) for number in range(1, 2001)))
    max_bytes = 1_000_000
    while await store.delete_beyond(max_bytes, 100):
        pass
    await store.close()  # which writes back what is in the write-ahead log
    assert 500_000 < path.stat().st_size <= max_bytes


async def test_file_of_version_1_does_not_grow_beyond_its_size(tmp_path: Path) -> None:
    path = tmp_path / "qoa.sqlite3"
    write_version_1(path)
    store = await SqliteStore.open(path)
    for turn in range(12):
        spans = [stage(number, NOW_NS + number, model="m" * 256) for number in range(turn * 200 + 1, turn * 200 + 201)]
        await put(store, *spans)
        while await store.delete_beyond(1_000_000, 100):
            pass
    assert len(await walk(store)) > 150  # free pages do not count
    await store.close()
    assert path.stat().st_size < 2_000_000  # it holds 1 MB and what comes between two looks at its size


@pytest.mark.parametrize(
    ("which", "index"),
    [
        (Filter(), "records_newest"),
        (Filter(model="m", status="OK"), "records_newest"),
        (Filter(model="m", status="INTERNAL"), "records_newest_failed"),
        (Filter(consumer="c"), "records_newest_of_consumer"),
        (Filter(consumer="c", model="m", status="OK", from_ns=1, before_ns=9), "records_newest_of_consumer"),
    ],
)
async def test_page_is_a_walk_along_an_index(tmp_path: Path, which: Filter, index: str) -> None:
    path = tmp_path / "qoa.sqlite3"
    await (await SqliteStore.open(path)).close()
    statement, parameters = page_query(which, 51, Cursor(5, prediction(5)))
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert f"INDEX {index} " in plan[0], plan
