"""A batch that its source keeps is acknowledged when all of its predictions have their records, and never before."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hallmark_common.errors import HallmarkError
from hallmark_qoa.engine import MAX_IN_FLIGHT
from hallmark_qoa.retry import MAX_PAUSE_S, MIN_PAUSE_S
from hallmark_qoa.sources.base import Receipt
from tests.support.waiting import eventually


async def begin(one: Any, request: Any) -> asyncio.Task[Receipt]:
    """Deliver a batch, and go on once the engine has it."""
    delivery = asyncio.create_task(one.engine.deliver(request, kept=True))
    await asyncio.sleep(0)
    return delivery


async def test_it_waits_for_the_rest_of_its_predictions(otlp: Any, bench: Any, tmp_path: Path) -> None:
    one_prediction, another = otlp.prediction(1), otlp.prediction(2)
    async with bench(tmp_path / "q.sqlite3") as one:
        first = await begin(one, otlp.request([*one_prediction[:2], *another]))
        await eventually(lambda: one.engine.counters.records["stored"] == 1)
        assert not first.done()
        assert one.engine.batches_in_flight == 1
        assert await one.store.journal() == []
        second = await begin(one, otlp.request(one_prediction[2:]))
        assert await asyncio.gather(first, second) == [Receipt(), Receipt()]
        assert one.engine.batches_in_flight == 0
        assert len(await one.stored()) == 2


async def test_what_cannot_be_used_does_not_hold_it_up(otlp: Any, bench: Any, tmp_path: Path) -> None:
    (service, unusable), *_ = otlp.prediction(1)
    unusable.end_time_unix_nano = 1
    async with bench(tmp_path / "q.sqlite3") as one:
        receipt = await one.engine.deliver(otlp.request([(service, unusable), *otlp.prediction(2)]), kept=True)
        assert receipt.rejected == 1
        assert (await one.engine.deliver(otlp.request([(service, unusable)]), kept=True)).rejected == 1


async def test_idle_timeout_completes_it(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        delivery = await begin(one, otlp.request(otlp.prediction()[:2]))
        one.now_s = 6.0
        await one.engine.tick()
        assert await delivery == Receipt()
        assert len(await one.stored()) == 1


async def test_eviction_completes_it(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3", max_pending_spans=3) as one:
        first = await begin(one, otlp.request(otlp.prediction(1)[:2]))
        second = await begin(one, otlp.request(otlp.prediction(2)[:2]))
        assert await first == Receipt()
        assert not second.done()
        await one.engine.drain()
        assert await second == Receipt()


async def test_redelivered_spans_are_acknowledged(otlp: Any, bench: Any, tmp_path: Path) -> None:
    request = otlp.request(otlp.prediction())
    async with bench(tmp_path / "q.sqlite3") as one:
        for _ in range(2):
            await one.engine.deliver(request, kept=True)
        assert one.engine.counters.records == {"stored": 1, "unchanged": 1}


async def test_failing_store_keeps_it_waiting_and_is_tried_again(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        one.store.fails = True
        delivery = await begin(one, otlp.request(otlp.prediction()))
        await eventually(lambda: one.engine.counters.records["failed"] == 1)
        await one.engine.tick()
        assert one.engine.counters.records["failed"] == 1  # too early
        for attempt in range(2, 12):
            one.now_s += MAX_PAUSE_S
            with pytest.raises(HallmarkError, match="could not be stored"):
                await one.engine.tick()
            assert one.engine.counters.records["failed"] == attempt
        assert not delivery.done()
        one.store.fails = False
        one.now_s += MAX_PAUSE_S
        await one.engine.tick()
        assert await delivery == Receipt()
        assert one.engine.counters.records["stored"] == 1


async def test_first_pause_is_short(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        one.store.fails = True
        delivery = await begin(one, otlp.request(otlp.prediction()))
        await eventually(lambda: one.engine.counters.records["failed"] == 1)
        one.store.fails = False
        one.now_s += MIN_PAUSE_S
        await one.engine.tick()
        assert await delivery == Receipt()


async def test_spans_that_come_while_a_record_is_written_wait_for_the_next(
    otlp: Any, bench: Any, tmp_path: Path
) -> None:
    *spans, late = otlp.prediction()
    async with bench(tmp_path / "q.sqlite3") as one:
        first = await begin(one, otlp.request(spans))
        await asyncio.sleep(0)
        one.store.fails = True  # from the second transaction on; the first one is under way
        second = await begin(one, otlp.request([late]))
        assert await first == Receipt()
        await eventually(lambda: one.engine.counters.records["failed"] == 1)
        assert not second.done()
        one.store.fails = False
        one.now_s += MIN_PAUSE_S
        await one.engine.tick()
        assert await second == Receipt()
        assert one.engine.counters.records["updated"] == 1


async def test_source_bounds_how_many_wait(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        count = 2 * MAX_IN_FLIGHT
        waiting = [await begin(one, otlp.request(otlp.prediction(number + 1)[:2])) for number in range(count)]
        assert one.engine.batches_in_flight == count
        await one.engine.deliver(otlp.request(otlp.prediction(count + 1)))
        await one.engine.drain()
        assert await asyncio.gather(*waiting) == [Receipt()] * count


async def test_drain_lets_it_return_when_the_store_fails(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        delivery = await begin(one, otlp.request(otlp.prediction()[:2]))
        one.store.fails = True
        with pytest.raises(HallmarkError, match="could not be stored"):
            await one.engine.drain()
        with pytest.raises(HallmarkError, match="could not be stored"):
            await delivery
        one.store.fails = False


@pytest.mark.parametrize("count", [2, 7])
async def test_source_that_gives_up_leaves_nothing_behind(otlp: Any, bench: Any, tmp_path: Path, count: int) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        delivery = await begin(one, otlp.request(otlp.prediction()[:count]))
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)
        assert one.engine.batches_in_flight == 0
        assert one.engine._deliveries._waiting == {}
        await one.engine.drain()
        assert len(await one.stored()) == 1
