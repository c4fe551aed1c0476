"""Several keepers on one store: each is held at the worst moment while another goes on, and verdicts come out right.

SQLite has one engine; here it has two connections, as after a change of the one that writes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.stores.base import Store, Windows
from hallmark_qoa.windows.progress import CAUGHT_UP_NS, SILENT_NS, Beat
from tests.support.judged import LATENESS_NS, LONG_AFTER_NS, SIZES_S, STORED_NS, Judged, World, real_policy
from tests.support.predictions import T0_NS, Made, S, objective, request_of, write_contract, write_model
from tests.support.records import OpenStore

FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
BUDGET = {"target": 0.4, "period": "10m"}
SLOW_MS = 90

FIRST_IS_OVER_NS = T0_NS + 20 * S + LATENESS_NS - 1
"""The window of T0 is over, thanks to later events, and none after it."""

StartEngine = Callable[[str], Awaitable[Judged]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write_model(tmp_path / "models")
    async with real_policy() as policy:
        yield World(tmp_path / "models", tmp_path / "contracts", policy)


@pytest.fixture
async def start(open_store: OpenStore, world: World) -> StartEngine:
    """Starts engines on the store of the test."""

    async def opened(name: str) -> Store:
        return await open_store(name, lambda: STORED_NS)

    async def started(name: str) -> Judged:
        one = Judged(opened, world, name)
        await one.start()
        return one

    return started


def at_first(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    name: str,
    meanwhile: Callable[[], Awaitable[Any]],
    when: Callable[..., bool] = lambda *_: True,
) -> None:
    """Have something happen elsewhere once a store has answered for the first time, and before it says so."""
    asked = getattr(store, name)

    async def answered(*arguments: Any, **named: Any) -> Any:
        answer = await asked(*arguments, **named)
        if when(*arguments):
            monkeypatch.setattr(store, name, asked)
            await meanwhile()
        return answer

    monkeypatch.setattr(store, name, answered)


def _made(number: int, second: int, **more: Any) -> Made:
    return Made(number, T0_NS + second * S, **more)


async def test_a_budget_that_is_spent_while_a_later_window_is_judged(
    start: StartEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its share was read before, and its verdict is not there yet when it is looked for."""
    write_contract(world.contracts, [FAST | {"budget": BUDGET}])
    one, two = await start("one"), await start("two")
    await one.take(_made(1, 0), _made(2, 60))
    await one.turn(FIRST_IS_OVER_NS)
    assert await one.words("fast") == {0: "pass"}
    await one.take(_made(3, 10, web_ms=SLOW_MS))

    async def first_window_breaks() -> None:
        await two.take(_made(4, 0, web_ms=SLOW_MS))
        await two.turn(FIRST_IS_OVER_NS)

    at_first(monkeypatch, one.store, "slices", first_window_breaks)
    while await one.turn():
        pass
    verdicts = {verdict.start.seconds - T0_NS // S: verdict for verdict in await one.verdicts()}
    assert verdicts[0].bad
    assert (verdicts[10].budget.windows, verdicts[10].budget.violated) == (1, 1)


async def test_what_is_usual_changes_while_a_later_window_is_judged(
    start: StartEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_contract(world.contracts, [FAST])
    one, two = await start("one"), await start("two")
    await one.take(_made(1, 0, preprocess_ms=10), _made(2, 60))
    await one.turn(FIRST_IS_OVER_NS)
    await one.take(_made(3, 10, preprocess_ms=SLOW_MS))

    async def another_comes() -> None:
        await two.take(_made(4, 0, preprocess_ms=5))
        await two.turn(FIRST_IS_OVER_NS)

    def is_of_before(which: Windows) -> bool:
        return which.size_s == 10 and which.before_ns == T0_NS + 10 * S

    at_first(monkeypatch, one.store, "folds", another_comes, is_of_before)
    while await one.turn():
        pass
    verdicts = {verdict.start.seconds - T0_NS // S: verdict for verdict in await one.verdicts()}
    assert verdicts[10].blame.detail == "preprocess took 90 ms of its own at p95, 5.01 ms is usual"


async def test_what_another_engine_tells_while_a_later_window_is_judged_has_its_recovery(
    start: StartEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_contract(world.contracts, [FAST])
    one, two = await start("one"), await start("two")
    await one.take(_made(1, 0), _made(2, 60))
    await one.turn(FIRST_IS_OVER_NS)
    await one.take(_made(3, 10))

    async def first_window_breaks() -> None:
        await two.take(_made(4, 0, web_ms=SLOW_MS))
        await two.turn(FIRST_IS_OVER_NS)

    def is_of_before(which: Windows, *_: object) -> bool:
        return which.size_s == 10 and which.before_ns == T0_NS + 10 * S

    at_first(monkeypatch, one.store, "verdicts", first_window_breaks, is_of_before)
    while await one.turn():
        pass
    changes = [VerdictChange.FromString(event.change) for event in await one.store.untold(10)]
    assert [
        (change.verdict.start.seconds - T0_NS // S, change.before, change.verdict.verdict) for change in changes
    ] == [
        (0, "pass", "violated"),
        (10, "violated", "pass"),
    ]


async def test_content_that_another_engine_has_judged_before_is_no_news_to_what_comes_after(
    start: StartEngine, world: World
) -> None:
    """An engine that judged it as it is now, long ago, does not take it for what was judged last."""
    write_contract(world.contracts, [FAST], completeness=0.0)
    one, two = await start("one"), await start("two")
    await one.take(_made(1, 0, preprocess_ms=10), _made(2, 10, preprocess_ms=SLOW_MS))
    await one.turn()
    (_, before) = await one.verdicts()
    moved = _made(3, 0, preprocess_ms=5)
    await two.engine.deliver(request_of(moved.spans[2:]))  # without the span of web, which says when it was
    await two.flush()
    await two.turn()
    (_, during) = await one.verdicts()
    assert during.blame.detail != before.blame.detail
    await one.take(_made(3, 0, preprocess_ms=5, event_ns=T0_NS - 3600 * S))
    await one.turn()
    assert (await one.verdicts())[-1] == before


async def test_the_work_is_shared_and_nothing_is_done_twice(start: StartEngine, world: World) -> None:
    write_contract(world.contracts, [FAST])
    engines = [await start(name) for name in ("one", "two")]
    made = [Made(number, T0_NS + number % 7 * S, consumer=f"c{number % 20}") for number in range(1, 101)]
    await engines[0].take(*made)
    await asyncio.gather(*(one.turn(others=_living(engines, one)) for one in engines))
    assert await engines[0].store.due(9) == []
    counts = [one.keeper.windows for one in engines]
    assert sum(count["folded"] for count in counts) == 20 * len(SIZES_S)
    assert all(count["folded"] > 0 for count in counts)
    assert sum(count["again"] for count in counts) == 0


async def test_another_engine_keeps_what_was_that_of_one_that_died(start: StartEngine) -> None:
    one, two = await start("one"), await start("two")
    await one.take(*(Made(number, consumer=f"c{number}") for number in range(1, 21)))
    alive = _living([one, two], one)
    await one.turn(others=alive)
    left = {due.consumer for due in await one.store.due(999)}
    assert 0 < len(left) < 20
    await one.take(*(Made(20 + number, T0_NS + S, consumer=f"c{number}") for number in range(1, 21)))
    await one.turn(LONG_AFTER_NS + SILENT_NS, alive)
    assert await one.store.due(9) == []
    folds = await one.store.folds(Windows(10, segment=""))
    assert [Aggregate.decode(fold.aggregate).counts["records"] for fold in folds] == [2] * 20


def _living(engines: Sequence[Judged], own: Judged) -> dict[str, Beat]:
    return {one.name: Beat(LONG_AFTER_NS, CAUGHT_UP_NS) for one in engines if one is not own}
