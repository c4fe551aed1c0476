"""Engines that share a database tell each change once between them, and take over from one that is gone."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.events.amqp import AmqpEvents
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.stores.base import Store
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from tests.support.amqp import taken
from tests.support.changes import change, put_changes
from tests.support.parts import Broker
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.records import NOW_NS
from tests.support.waiting import eventually

QUICK = Pace(first_s=0.05, longest_s=0.1, refused_s=0.1)

NUMBERS = itertools.count()

OpenEngine = Callable[..., Awaitable[Store]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as running:
        yield running


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[OpenEngine]:
    """Opens the store of an engine of a name on one database."""
    url = server.create_database(f"test{next(NUMBERS)}")
    async with AsyncExitStack() as stores:

        async def opened(name: str, telling_s: float = 60.0) -> Store:
            target = Target(url, name, PASSWORD, telling_s=telling_s)
            store = await PostgresStore.open(target, lambda: NOW_NS, WindowRules())
            stores.push_async_callback(store.close)
            return store

        yield opened


def teller_of(store: Store, settings: Settings) -> Teller:
    teller = Teller(store, [AmqpEvents(settings, QUICK)], pace=QUICK, look_s=0.05)
    teller.start()
    return teller


def told(broker: Broker) -> list[int]:
    return [int(message.properties.message_id, 16) for message in taken(broker, "events")]


async def test_two_engines_tell_each_change_once_and_in_order(
    broker: Broker, engine: OpenEngine, settings: Settings
) -> None:
    stores = [await engine("a"), await engine("b")]
    tellers = [teller_of(store, settings) for store in stores]
    for number in range(1, 41):
        await put_changes(stores[number % 2], change(number))
    await eventually(lambda: sum(teller.counters.events["told", "amqp"] for teller in tellers) >= 40, timeout_s=30)
    for teller in tellers:
        await teller.stop(5.0)

    assert told(broker) == list(range(1, 41))
    assert await stores[0].untold(1) == []


async def test_another_engine_takes_over_when_one_is_gone(
    broker: Broker, engine: OpenEngine, settings: Settings
) -> None:
    first, second = await engine("a", telling_s=5.0), await engine("b")
    await put_changes(first, change(1), change(2))
    assert len(await first.untold(9)) == 2  # and then nothing more is heard of it
    assert await second.untold(9) == []
    teller = teller_of(second, settings)
    await eventually(lambda: teller.counters.events["told", "amqp"] == 2, timeout_s=30)
    await teller.stop(5.0)

    assert told(broker) == [1, 2]


async def test_an_engine_that_cannot_tell_leaves_it_to_one_that_can(
    broker: Broker, engine: OpenEngine, settings: Settings
) -> None:
    first, second = await engine("a", telling_s=0.5), await engine("b", telling_s=0.5)
    cut_off = settings.model_copy(update={"amqp_url": "amqp://qoa@127.0.0.1:1/hallmark"})
    failing = teller_of(first, cut_off)
    await put_changes(first, change(1), change(2))
    await eventually(lambda: failing.counters.events["failed", "amqp"] > 2, timeout_s=30)
    working = teller_of(second, settings)
    await eventually(lambda: working.counters.events["told", "amqp"] == 2, timeout_s=30)
    await eventually(lambda: not failing._left, timeout_s=30)
    for teller in (failing, working):
        await teller.stop(5.0)

    assert told(broker) == [1, 2]
    assert await second.untold(9) == []
