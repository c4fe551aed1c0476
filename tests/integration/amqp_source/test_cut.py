"""The connection is cut at many places of the conversation: whatever was under way, everything arrives and is acked."""

import pytest

from tests.integration.amqp_source.conftest import StartSource
from tests.support.amqp import LAST, eventually, properties, publish, publish_batches, ready, taken, until_all_came
from tests.support.parts import Broker
from tests.support.proxy import Direction, TcpProxy
from tests.support.sinks import RecordingSink, span_name

NAMES = [f"batch{number:02}" for number in range(20)]

OFFSETS: list[tuple[Direction, int]] = [
    # protocol header, login, tune, open, channels, subscriptions, acknowledgements
    *(("to_target", offset) for offset in (0, 1, 8, 9, 60, 250, 400, 460, 480, 520, 580, 640, 700, 760)),
    # greeting, tune, channels, deliveries: method, header and body frames of them
    *(("to_client", offset) for offset in (0, 1, 7, 100, 480, 520, 560, 640, 720, 800, 1000, 1500, 2500, 4000, 5500)),
]


@pytest.mark.parametrize(("direction", "offset"), OFFSETS)
async def test_nothing_is_lost_when_the_connection_is_cut(
    broker: Broker, start_source: StartSource, direction: Direction, offset: int
) -> None:
    publish_batches(broker, "spans.00", *NAMES)
    sink = RecordingSink()
    async with TcpProxy(broker.port) as proxy:
        proxy.cut_after(offset, direction)
        source = await start_source(sink, port=proxy.port, waits=False, qoa_shards="0", qoa_prefetch=4)
        await eventually(lambda: proxy.cuts == 1)
        await eventually(lambda: source.counters.messages["acknowledged"] >= len(NAMES))
        await until_all_came(broker, sink, "spans.00")
        await source.stop(1.0)
    assert set(map(span_name, sink.requests)) == {*NAMES, LAST}
    assert ready(broker, "spans.00", "dead") == 0
    twice = len(sink.requests) - len({*NAMES, LAST})
    assert twice <= source.counters.messages["redelivered"]


async def test_cut_again_and_again(broker: Broker, start_source: StartSource) -> None:
    publish_batches(broker, "spans.00", *NAMES)
    publish_batches(broker, "spans.01", *NAMES)
    sink = RecordingSink()
    async with TcpProxy(broker.port) as proxy:
        source = await start_source(sink, port=proxy.port, waits=False, qoa_prefetch=2)
        for cut in range(1, 9):
            proxy.cut_after(700 + 150 * cut, "to_client")
            await eventually(lambda cut=cut: proxy.cuts == cut or source.counters.messages["acknowledged"] >= 40)
        await eventually(lambda: source.counters.messages["acknowledged"] >= 40)
        await until_all_came(broker, sink, "spans.00", "spans.01")
        await source.stop(1.0)
    assert proxy.cuts >= 4
    assert set(map(span_name, sink.requests)) == {*NAMES, LAST}
    assert ready(broker, "spans.00", "spans.01", "dead") == 0


@pytest.mark.parametrize("direction", ["to_target", "to_client"])
async def test_dead_letter_connection_that_is_cut(
    broker: Broker, start_source: StartSource, direction: Direction
) -> None:
    sink = RecordingSink()
    async with TcpProxy(broker.port) as proxy:
        source = await start_source(sink, port=proxy.port)
        proxy.cut_after(900, direction)
        publish(broker, "spans.00", [(properties(), b"\xff" * 300)] * 4)
        await eventually(lambda: proxy.cuts == 1)
        await eventually(lambda: ready(broker, "dead") >= 4)
        await eventually(lambda: source.counters.messages["acknowledged"] >= 4)
        await until_all_came(broker, sink, "spans.00")
        await source.stop(1.0)
    assert {found.body for found in taken(broker, "dead")} == {b"\xff" * 300}
    assert ready(broker, "spans.00") == 0
