"""A locked file, a full disk, a killed process: nothing is half-written, and the next call works."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from hallmark_qoa.combine import combine
from hallmark_qoa.stores.base import Batch, Event, JournalEntry, TruthTold, Windows
from hallmark_qoa.stores.sqlite import file as sqlite_file
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.command import ROOT, environment
from tests.support.records import NOW_NS, group, prediction, put, stage, walk
from tests.support.windows import S, dues, fold, fold_of, keep, kept, verdict_of

Call = Callable[[SqliteStore], Awaitable[object]]


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    """A store that waits for nobody, with a folded window."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.0)
    store = await SqliteStore.open(tmp_path / "qoa.sqlite3", lambda: NOW_NS)
    await put(store, stage(1, NOW_NS))
    await fold(store, (await dues(store))[0])
    await put(store, stage(2, NOW_NS))
    yield store
    await store.close()


async def put_folds(store: SqliteStore) -> bool:
    (due,) = await dues(store)
    return await store.put_folds(due, [fold_of(due, b"x" * 100_000)], 60)


async def put_verdicts(store: SqliteStore) -> bool:
    (due,) = await dues(store, "judge")
    return await store.put_verdicts(due, [verdict_of(due)], [Event("1", b"x" * 100_000)])


def commit(store: SqliteStore) -> Awaitable[object]:
    return store.commit(Batch([group(stage(3, NOW_NS + 60 * S))], JournalEntry(1, b"x" * 100_000)), combine)


def add_truths(store: SqliteStore) -> Awaitable[object]:
    return store.add_truths([TruthTold(prediction(number), "yes" * 1000, 5) for number in range(1, 100)])


def content(path: Path) -> list[list[tuple[object, ...]]]:
    """All that is stored."""
    tables = ("records", "journal", "marks", "windows", "folds", "verdicts", "events", "truths")
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables[:1]] + [
            sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in tables[1:]
        ]


CALLS = [commit, put_folds, put_verdicts, add_truths]


@pytest.mark.parametrize("call", CALLS)
async def test_file_that_another_process_holds(store: SqliteStore, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "qoa.sqlite3"
    before = content(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await call(store)
        assert await walk(store) == [prediction(1), prediction(2)]  # it can be read meanwhile
        other.execute("ROLLBACK")
    assert content(path) == before
    assert await call(store)
    assert content(path) != before


@pytest.mark.parametrize("call", CALLS)
async def test_disk_that_is_full(store: SqliteStore, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "qoa.sqlite3"
    before = content(path)
    most = sqlite_file.pragma(store._writer, "max_page_count")
    await store._write(lambda c: c.execute("PRAGMA max_page_count = 1"))  # no larger than it is
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await call(store)
    assert content(path) == before
    await store._write(lambda c: c.execute(f"PRAGMA max_page_count = {most}"))
    assert await call(store)
    assert content(path) != before


KILLED = """
import asyncio, os, sys
from pathlib import Path
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.records import NOW_NS, put, stage
from tests.support.windows import S, keep

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), lambda: NOW_NS)
    for number in range(1, 10**6):
        await put(store, stage(number, NOW_NS + number * S))
        print(number, flush=True)
        if number % 7 == 0:
            asyncio.get_running_loop().create_task(keep(store))

asyncio.run(main())
"""


def killed_after(path: Path, commits: int) -> int:
    """Start what commits one record after the other, and kill it after so many; the last that it said is stored."""
    arguments = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(commits)]
        process.kill()
    return int(said[-1])


async def test_process_that_is_killed_leaves_every_mark(tmp_path: Path) -> None:
    path = tmp_path / "qoa.sqlite3"
    last = await asyncio.to_thread(killed_after, path, 60)
    store = await SqliteStore.open(path, lambda: NOW_NS)
    await keep(store)
    stored = [int(one[33:], 16) for one in await walk(store)]
    assert last in stored
    for size_s in (10, 60, 3600):
        windows = await kept(store, size_s)
        assert sorted(int(name) for names in windows.values() for name in names) == sorted(stored)
    assert len(await store.verdicts(Windows(10))) == len(await kept(store, 10))
    await store.close()
