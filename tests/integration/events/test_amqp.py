"""Changes of verdicts on the real broker: exactly those, in order, once; and none lost whatever fails."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.events.amqp import AmqpEvents
from hallmark_qoa.events.cloudevent import cloud_event
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.integration.events.conftest import subscribed
from tests.support.amqp import channel_of, eventually, restore_topology, taken
from tests.support.changes import change, put_changes
from tests.support.command import ROOT, environment
from tests.support.parts import Broker, start_tied
from tests.support.proxy import TcpProxy

QUICK = Pace(first_s=0.05, longest_s=0.2, refused_s=0.1)


def teller_of(store: SqliteStore, settings: Settings) -> Teller:
    teller = Teller(store, [AmqpEvents(settings, QUICK)], pace=QUICK, look_s=0.05)
    teller.start()
    return teller


async def all_told(store: SqliteStore) -> None:
    async with asyncio.timeout(30):
        while await store.untold(1):
            await asyncio.sleep(0.02)


async def test_subscribers_get_exactly_the_changes_of_their_topic(
    broker: Broker, store: SqliteStore, settings: Settings
) -> None:
    with (
        subscribed(broker, "#") as everything,
        subscribed(broker, "critical.*.*") as critical,
        subscribed(broker, "*.acme%2Eexample.flights") as acme,
        subscribed(broker, "*.acme.#", "*.*.digits") as other,
    ):
        await put_changes(
            store,
            change(1),
            change(2, "pass", before="violated", consumer="acme.example"),
            change(3, severity="warning", model="digits"),
            change(4, silenced=True),
            change(5, "unknown", consumer="*", model="#"),
            change(6, consumer="x" * 300, model="größe" * 50),
        )
        teller = teller_of(store, settings)
        await all_told(store)
        assert everything.told() == [1, 2, 3, 5, 6]
        assert critical.told() == [1, 2, 5, 6]
        assert acme.told() == [2]
        assert other.told() == [1, 3]
        await teller.stop(5.0)

    (properties, *_), (body, *_) = everything.properties, everything.bodies
    assert body == cloud_event(change(1))
    assert (properties.content_type, properties.type, properties.delivery_mode) == (
        "application/cloudevents+json; charset=utf-8",
        "hallmark.verdict.violated",
        2,
    )
    assert everything.keys[0] == "critical.acme.flights"
    assert teller.counters.events == {("told", "amqp"): 5}


async def test_the_last_changes_are_kept_for_who_comes_later(
    broker: Broker, store: SqliteStore, settings: Settings
) -> None:
    await put_changes(store, change(1), change(2))
    teller = teller_of(store, settings)
    await all_told(store)
    await teller.stop(5.0)

    assert [json.loads(found.body)["id"] for found in taken(broker, "events")] == [f"{n:032x}" for n in (1, 2)]


async def test_that_nobody_listens_is_fine(broker: Broker, store: SqliteStore, settings: Settings) -> None:
    with channel_of(broker) as channel:
        channel.queue_unbind("events", "hallmark.events", "#")
    try:
        await put_changes(store, change(1))
        teller = teller_of(store, settings)
        await all_told(store)
        await teller.stop(5.0)
    finally:
        restore_topology(broker)
    assert teller.counters.events == {("told", "amqp"): 1}


async def test_a_broker_that_is_away_is_waited_for(
    broker: Broker, store: SqliteStore, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with TcpProxy(broker.port) as proxy, subscribed(broker, "#") as subscriber:
        proxy.refuse()
        through = settings.model_copy(update={"amqp_url": f"amqp://qoa@127.0.0.1:{proxy.port}/hallmark"})
        await put_changes(store, change(1))
        teller = teller_of(store, through)
        await eventually(lambda: teller.counters.events["failed", "amqp"] > 2)
        await put_changes(store, change(2))
        proxy.accept()
        await all_told(store)
        assert subscriber.told() == [1, 2]
        proxy.cut()
        await put_changes(store, change(3))
        await all_told(store)
        assert subscriber.told() == [1, 2, 3]
        await teller.stop(5.0)
    assert len([line for line in caplog.records if "it cannot be reached" in line.message]) == 1


async def test_without_the_exchange_changes_wait(broker: Broker, store: SqliteStore, settings: Settings) -> None:
    with TcpProxy(broker.port) as proxy:
        through = settings.model_copy(update={"amqp_url": f"amqp://qoa@127.0.0.1:{proxy.port}/hallmark"})
        with channel_of(broker) as channel:
            channel.exchange_delete("hallmark.events")
        try:
            await put_changes(store, change(1))
            teller = teller_of(store, through)
            await eventually(lambda: teller.counters.events["failed", "amqp"] > 1)
        finally:
            proxy.refuse()  # the exchange comes back before what is bound to it
            restore_topology(broker)
        with subscribed(broker, "#") as subscriber:
            proxy.accept()
            await all_told(store)
            await teller.stop(5.0)
            assert subscriber.told() == [1]
    assert len(taken(broker, "events")) == 1


async def test_no_change_is_lost_when_the_broker_is_killed(
    broker: Broker, store: SqliteStore, settings: Settings
) -> None:
    teller = teller_of(store, settings)
    await put_changes(store, *map(change, range(1, 51)))
    await asyncio.to_thread(broker.kill)
    await put_changes(store, *map(change, range(51, 101)))
    await asyncio.to_thread(broker.start)
    await all_told(store)
    await teller.stop(5.0)

    found = [int(message.properties.message_id, 16) for message in taken(broker, "events")]
    assert list(dict.fromkeys(found)) == list(range(1, 101))
    assert len(found) <= 101  # the one whose confirm was lost may have come twice, with the same id


async def test_an_engine_killed_before_it_said_so_tells_again_with_the_same_id(
    broker: Broker, store: SqliteStore, settings: Settings, tmp_path: Path
) -> None:
    await put_changes(store, change(1), change(2))
    environ = environment(**broker.settings_of_engine())
    command = [sys.executable, "-m", "tests.support.telling", str(tmp_path / "qoa.sqlite3")]
    with subscribed(broker, "#") as subscriber:
        process: Any = start_tied(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE)
        try:
            line = await asyncio.to_thread(process.stdout.readline)
            assert line.startswith(b"telling ")
            await eventually(lambda: subscriber.told() == [1, 2])
        finally:
            process.kill()
            process.communicate()
        assert len(await store.untold(9)) == 2
        teller = teller_of(store, settings)
        await all_told(store)
        await teller.stop(5.0)
        assert subscriber.told() == [1, 2, 1, 2]
        first, again = subscriber.bodies[:2], subscriber.bodies[2:]
        assert first == again
