"""Those who watch see the changes that are in the store, whoever put or told them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.events import follower as module
from hallmark_qoa.events.follower import Follower
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.watch import ChangeFilter, VerdictWatchers, Watcher
from tests.support.changes import change, numbers, put_changes
from tests.support.records import NOW_NS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "store", lambda: NOW_NS)
    yield opened
    await opened.close()


async def _seen(watchers: VerdictWatchers, watcher: Watcher[VerdictChange]) -> list[int]:
    watchers.end()
    found = [event async for event in watcher.events()]
    return [event if isinstance(event, int) else numbers([event.id])[0] for event in found]


async def test_each_change_is_seen_once_and_in_order_told_or_not(store: SqliteStore) -> None:
    watchers = VerdictWatchers(10)
    follower = await Follower.begin(store, watchers)
    with watchers.watching(ChangeFilter(silenced=True)) as watcher, watchers.watching(ChangeFilter()) as loud:
        await put_changes(store, change(3), change(1, silenced=True))
        await store.told([change(3).id])
        await follower.look()
        await follower.look()
        await put_changes(store, change(2))
        await follower.look()
        assert await _seen(watchers, watcher) == [3, 1, 2]
        assert await _seen(watchers, loud) == [3, 2]


async def test_what_was_before_is_not_seen(store: SqliteStore) -> None:
    await put_changes(store, change(1))
    watchers = VerdictWatchers(10)
    follower = await Follower.begin(store, watchers)
    await put_changes(store, change(2))
    await follower.look()  # nobody watches
    with watchers.watching(ChangeFilter()) as watcher:
        await put_changes(store, change(3))
        await follower.look()
        assert await _seen(watchers, watcher) == [3]


async def test_many_changes_are_read_a_few_at_a_time(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_AT_ONCE", 2)
    watchers = VerdictWatchers(3)
    follower = await Follower.begin(store, watchers)
    with watchers.watching(ChangeFilter()) as watcher:
        await put_changes(store, *map(change, range(1, 6)))
        await follower.look()
        assert await _seen(watchers, watcher) == [2, 3, 4, 5]  # two were missed


async def test_after_a_failure_nothing_is_missed(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    watchers = VerdictWatchers(10)
    follower = await Follower.begin(store, watchers)

    async def failing(*_: object) -> None:
        raise OSError("gone")

    with watchers.watching(ChangeFilter()) as watcher:
        await put_changes(store, change(1))
        with monkeypatch.context() as broken:
            broken.setattr(store, "events", failing)
            with pytest.raises(OSError, match="gone"):
                await follower.look()
        await follower.look()
        assert await _seen(watchers, watcher) == [1]
