"""The same on the event loop of production; all other tests run on the one of the standard library."""

import asyncio

import pytest
import uvloop

from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.connection import connect_as
from hallmark_qoa.sources.amqp.failure import EndedError
from hallmark_qoa.sources.amqp.source import AmqpSource
from tests.integration.amqp_source.conftest import QUICK
from tests.support.amqp import eventually, properties, publish, publish_batches, ready, taken, until_all_came
from tests.support.parts import Broker
from tests.support.proxy import TcpProxy
from tests.support.sinks import RecordingSink, span_name

NAMES = [f"batch{number:02}" for number in range(40)]


def test_consume_put_aside_be_cut_off_and_stop(broker: Broker) -> None:
    async def scenario() -> None:
        publish_batches(broker, "spans.00", *NAMES)
        publish(broker, "spans.01", [(properties(), b"\xff")])
        sink = RecordingSink()
        async with TcpProxy(broker.port) as proxy:
            settings = Settings(**broker.settings_of_engine(port=proxy.port), qoa_prefetch=4)  # type: ignore[arg-type]  # as in the environment
            source = AmqpSource(settings, sink, pace=QUICK)
            proxy.cut_after(8000, "to_client")
            await source.start()
            await eventually(lambda: proxy.cuts == 1)
            await eventually(lambda: source.counters.queues == 18)
            await eventually(lambda: set(map(span_name, sink.requests)) == set(NAMES))
            await eventually(lambda: source.counters.messages["dead_lettered.body"] >= 1)
            await until_all_came(broker, sink, "spans.00", "spans.01")
            await source.stop(1.0)

    uvloop.run(scenario())
    assert ready(broker, "spans.00", "spans.01") == 0
    assert {found.body for found in taken(broker, "dead")} == {b"\xff"}


def test_a_socket_that_the_event_loop_has_given_up_ends_the_connection_at_once(broker: Broker) -> None:
    """As it does with one that was reset while the engine hung; the next write is all that tells of it."""

    def write() -> None:
        raise RuntimeError("unable to perform operation on <UVPoll closed=True>; the handler is closed")

    async def scenario() -> None:
        settings = Settings(**broker.settings_of_engine())  # type: ignore[arg-type]  # as in the environment
        connection = await connect_as(settings, "test", 10.0)
        channel = await connection.channel()
        with pytest.raises(EndedError):
            channel.send(write)
        async with asyncio.timeout(5.0):
            await connection.closed
            await channel.closed

    uvloop.run(scenario())
