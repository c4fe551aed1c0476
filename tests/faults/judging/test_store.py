"""A store that is locked or full: nothing is lost, and nothing passes that the full data would not let pass."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from hallmark_common.errors import HallmarkError
from hallmark_qoa.stores.base import TruthTold
from hallmark_qoa.stores.open import FILE_NAME
from hallmark_qoa.stores.sqlite import file as sqlite_file
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.judged import Judged
from tests.support.predictions import T0_NS, Made, S, request_of

SLOW = Made(2, web_ms=90)
AFTER = {0: "violated", 20: "pass"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that waits for a lock for a moment only."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.1)


Break = Callable[[], Awaitable[None]]


@pytest.fixture(params=["locked", "full"])
async def broken(request: pytest.FixtureRequest, one: Judged, tmp_path: Path) -> AsyncIterator[tuple[Break, Break]]:
    """Breaks the store in one way, and mends it."""
    store = one.store
    assert isinstance(store, SqliteStore)

    async def limit(pages: int) -> None:
        await store._write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:

        async def lock() -> None:
            other.execute("BEGIN EXCLUSIVE")

        async def unlock() -> None:
            other.execute("ROLLBACK")

        async def fill() -> None:
            await limit(1)  # as many as there are

        async def free() -> None:
            await limit(2**30)

        yield (lock, unlock) if request.param == "locked" else (fill, free)


async def _refused(one: Judged) -> bool:
    """Whether spans were not acknowledged; they are delivered again."""
    spans = [span for number in range(100, 160) for span in Made(number, T0_NS + 20 * S).spans]
    try:
        await one.engine.deliver(request_of([*spans, *SLOW.spans]))
    except HallmarkError as error:
        return error.reason == "STORE_FAILED"
    return False


async def test_spans_that_could_not_be_stored_are_judged_later(one: Judged, broken: tuple[Break, Break]) -> None:
    await one.take(Made(1))
    break_it, mend_it = broken
    await break_it()
    assert await _refused(one)
    await mend_it()
    assert not await _refused(one)
    await one.flush()
    await one.turn()
    assert await one.words("fast") == AFTER


async def test_windows_that_could_not_be_written_are_made_later(one: Judged, broken: tuple[Break, Break]) -> None:
    await one.take(Made(1), SLOW, *(Made(number, T0_NS + 20 * S) for number in range(100, 130)))
    break_it, mend_it = broken
    await break_it()
    with pytest.raises(sqlite3.OperationalError, match=r"locked|full"):
        await one.turn()
    assert (await one.words("fast")).items() <= AFTER.items()  # what was written before the file was full
    await mend_it()
    await one.turn()
    assert await one.words("fast") == AFTER


async def test_truths_that_could_not_be_kept_are_told_again(one: Judged, broken: tuple[Break, Break]) -> None:
    await one.take(Made(1))
    truths = [TruthTold(Made(1).prediction, "on time", T0_NS)]
    truths += [TruthTold(Made(number).prediction, "late" * 1000, T0_NS) for number in range(100, 200)]
    break_it, mend_it = broken
    await break_it()
    with pytest.raises(sqlite3.OperationalError, match=r"locked|full"):
        await one.store.add_truths(truths)
    await mend_it()
    await one.turn()
    assert await one.words("right") == {0: "unknown"}
    assert (await one.store.add_truths(truths))[0] == "joined"
    await one.turn()
    assert await one.words("right") == {0: "violated"}


async def test_a_judge_that_is_cancelled_at_any_point_has_done_all_or_nothing(one: Judged) -> None:
    await one.take(Made(1), SLOW)
    for steps in range(0, 60, 3):
        turn = asyncio.create_task(one.turn())
        for _ in range(steps):
            await asyncio.sleep(0)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        assert await one.words("fast") in ({}, {0: "violated"})
    await one.turn()
    assert await one.words("fast") == {0: "violated"}
