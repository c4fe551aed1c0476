"""Watchers are bounded, told what they missed, and removed when they go."""

import asyncio
from typing import Any

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.quality_pb2 import Model, QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Filter
from hallmark_qoa.watch import ChangeFilter, VerdictWatchers, Watcher, Watchers


def record(number: int, **fields: Any) -> QualityRecord:
    return QualityRecord(prediction_id=str(number), **fields)


async def events(watcher: Watcher[QualityRecord]) -> list[int | str]:
    return [event if isinstance(event, int) else event.prediction_id async for event in watcher.events()]


async def test_slow_watcher_is_told_what_it_missed() -> None:
    watchers = Watchers(queue_size=3)
    with watchers.watching(Filter()) as watcher:
        for number in range(10):
            watchers.publish(record(number))
        watchers.end()
        assert await events(watcher) == [7, "7", "8", "9"]


async def test_missed_counts_from_the_event_before() -> None:
    watchers = Watchers(queue_size=1)
    with watchers.watching(Filter()) as watcher:
        seen = watcher.events()
        watchers.publish(record(0))
        assert (await anext(seen)) == record(0)
        for number in (1, 2, 3):
            watchers.publish(record(number))
        assert await anext(seen) == 2
        assert await anext(seen) == record(3)


async def test_waiting_watcher_wakes_for_a_record_and_for_the_end() -> None:
    watchers = Watchers(queue_size=3)
    with watchers.watching(Filter()) as watcher:
        task = asyncio.create_task(events(watcher))
        await asyncio.sleep(0)
        watchers.publish(record(1))
        await asyncio.sleep(0)
        watchers.end()
        async with asyncio.timeout(5):
            assert await task == ["1"]


async def test_watch_that_begins_after_the_end_ends_at_once() -> None:
    watchers = Watchers(queue_size=3)
    watchers.end()
    with watchers.watching(Filter()) as watcher:
        async with asyncio.timeout(5):
            assert await events(watcher) == []


async def test_watcher_that_is_gone_is_removed() -> None:
    watchers = Watchers(queue_size=3)
    with watchers.watching(Filter()):
        assert len(watchers) == 1
    assert len(watchers) == 0


@pytest.mark.parametrize(
    ("which", "seen"),
    [
        (Filter(), ["1", "2"]),
        (Filter(consumer="acme"), ["1"]),
        (Filter(model="flights"), ["2"]),
        (Filter(status="INTERNAL"), ["2"]),
        (Filter(consumer="acme", model="flights"), []),
    ],
)
async def test_only_what_was_asked_for(which: Filter, seen: list[str]) -> None:
    watchers = Watchers(queue_size=9)
    with watchers.watching(which) as watcher:
        watchers.publish(record(1, consumer="acme", model=Model(name="digits"), status="OK"))
        watchers.publish(record(2, consumer="other", model=Model(name="flights"), status="INTERNAL"))
        watchers.end()
        assert await events(watcher) == seen


@pytest.mark.parametrize(
    ("which", "seen"),
    [
        (ChangeFilter(), ["1", "2"]),
        (ChangeFilter(silenced=True), ["1", "2", "3"]),
        (ChangeFilter(consumer="acme"), ["1"]),
        (ChangeFilter(consumer="acme", silenced=True), ["1", "3"]),
        (ChangeFilter(model="flights"), ["2"]),
        (ChangeFilter(consumer="acme", model="flights"), []),
    ],
)
async def test_only_changes_of_verdicts_that_were_asked_for(which: ChangeFilter, seen: list[str]) -> None:
    watchers = VerdictWatchers(queue_size=9)
    with watchers.watching(which) as watcher:
        acme = WindowVerdict(consumer="acme", model="digits")
        watchers.publish(VerdictChange(id="1", verdict=acme))
        watchers.publish(VerdictChange(id="2", verdict=WindowVerdict(consumer="other", model="flights")))
        watchers.publish(VerdictChange(id="3", verdict=acme, silenced=True))
        watchers.end()
        assert [event.id async for event in watcher.events() if not isinstance(event, int)] == seen
