"""What happens to one queue is no matter of the others, and is over when its cause is."""

import logging

import pytest

from tests.integration.amqp_source.conftest import StartSource
from tests.support.amqp import channel_of, eventually, publish_batches, restore_topology
from tests.support.parts import Broker
from tests.support.sinks import HoldingSink, RecordingSink, span_name


def lines_of(caplog: pytest.LogCaptureFixture, queue: str) -> list[str]:
    return [record.message for record in caplog.records if queue in record.message]


async def test_queue_that_is_deleted_and_comes_back(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sink = RecordingSink()
    source = await start_source(sink)
    with channel_of(broker) as channel:
        channel.queue_delete("spans.00")
    await eventually(lambda: source.counters.queues == 3)
    publish_batches(broker, "spans.01", "other")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    restore_topology(broker)
    await eventually(lambda: source.counters.queues == 4)
    publish_batches(broker, "spans.00", "back")
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    assert list(map(span_name, sink.requests)) == ["other", "back"]
    assert source.counters.connections == {"opened": 1}
    first, last = lines_of(caplog, "queue spans.00")
    assert "it ended the subscription, as the queue is gone" in first
    assert last == "queue spans.00 is consumed again"


async def test_queue_that_is_deleted_while_its_messages_are_under_way(
    broker: Broker, start_source: StartSource
) -> None:
    sink = HoldingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.00", "a", "b")
    publish_batches(broker, "spans.01", "c")
    await eventually(lambda: len(sink.waiting) == 3)
    with channel_of(broker) as channel:
        channel.queue_delete("spans.00")
    await eventually(lambda: list(sink.waiting) == ["c"])
    sink.release("c")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert source.counters.connections == {"opened": 1}
    restore_topology(broker)


async def test_queue_that_is_missing_at_the_start(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture
) -> None:
    sink = RecordingSink()
    with channel_of(broker) as channel:
        channel.queue_delete("spans.01")
    try:
        source = await start_source(sink, waits=False)
        publish_batches(broker, "spans.00", "a")
        await eventually(lambda: source.counters.messages["acknowledged"] == 1)
        await eventually(lambda: lines_of(caplog, "queue spans.01"))
        await eventually(lambda: source.counters.queues == 3)
    finally:
        restore_topology(broker)
    await eventually(lambda: source.counters.queues == 4)
    (line,) = lines_of(caplog, "queue spans.01 cannot")
    assert "404 NOT_FOUND - no queue 'spans.01' in vhost 'hallmark'" in line


async def test_user_without_a_permission(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture
) -> None:
    source = await start_source(
        RecordingSink(),
        waits=False,
        amqp_url=f"amqp://monitor@127.0.0.1:{broker.port}/hallmark",
        amqp_password_file=broker.password_file("monitor"),
    )
    line = await eventually(lambda: lines_of(caplog, "queue spans.00"))
    assert "403 ACCESS_REFUSED" in line[0]
    assert "the user of HALLMARK_AMQP_URL lacks a permission" in line[0]
    assert source.counters.queues == 0
    assert source.counters.connected == 1


async def test_channel_that_the_broker_closes(broker: Broker, start_source: StartSource) -> None:
    """As it does where a message is not acknowledged for consumer_timeout; here, for an acknowledgement of nothing."""
    sink = HoldingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.00", "a")
    await eventually(lambda: list(sink.waiting) == ["a"])
    (consumer,) = (consumer for consumer in source._consumers if consumer.queue == "spans.00")
    assert consumer._subscription is not None
    before = sink.waiting["a"]
    consumer._subscription._channel.pika.basic_ack(4711)
    await eventually(lambda: source.counters.messages["redelivered"] == 1)
    await eventually(lambda: "a" in sink.waiting and sink.waiting["a"] is not before)
    sink.release("a")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert source.counters.connections == {"opened": 1}
