"""Messages go from the queues to the engine, and are acknowledged when it has them, never before."""

import asyncio
import gzip
from dataclasses import replace

import pytest
import zstandard
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.integration.amqp_source.conftest import QUICK, StartSource
from tests.support.amqp import batch, eventually, properties, publish, publish_batches, ready
from tests.support.parts import Broker
from tests.support.sinks import HoldingSink, RecordingSink, span_name, unavailable


async def test_messages_of_each_queue_arrive_and_are_acknowledged(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    source = await start_source(sink)
    for key, names in (("spans.00", "abc"), ("spans.01", "de")):
        publish_batches(broker, key, *names)
    await eventually(lambda: source.counters.messages["acknowledged"] == 5)
    assert sorted(map(span_name, sink.requests)) == list("abcde")
    assert sink.kept == {True}
    await source.stop(1.0)
    assert ready(broker, "spans.00", "spans.01") == 0
    assert source.counters.messages == {"received": 5, "acknowledged": 5}
    assert (source.counters.connected, source.counters.queues) == (0, 0)


async def test_shards_of_others_are_left_to_them(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.02", "theirs")
    publish_batches(broker, "spans.01", "ours")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert ready(broker, "spans.02") == 1


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)]
)
async def test_compressed_messages(broker: Broker, start_source: StartSource, encoding: str, compress: object) -> None:
    assert callable(compress)
    sink = RecordingSink()
    await start_source(sink)
    request = batch("large", spans=3000)
    publish(broker, "spans.00", [(properties(content_encoding=encoding), compress(request.SerializeToString()))])
    await eventually(lambda: sink.requests)
    assert sink.requests == [request]


async def test_metrics_are_counted_and_acknowledged(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    source = await start_source(sink)
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    publish(broker, "metrics", [(properties(metrics), metrics.SerializeToString())] * 3)
    await eventually(lambda: source.counters.messages["acknowledged"] == 3)
    assert sink.other == {"metrics": 3}


async def test_what_no_queue_was_bound_for_is_drained_and_counted(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.99", "lost")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert source.counters.messages["unrouted"] == 1
    assert list(map(span_name, sink.requests)) == ["lost"]
    await source.stop(1.0)
    assert ready(broker, "unrouted") == 0


async def test_only_what_the_engine_has_is_acknowledged(broker: Broker, start_source: StartSource) -> None:
    sink = HoldingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.00", *"abcdef")
    await eventually(lambda: len(sink.waiting) == 6)
    for name in "cdf":  # a, b and e wait for what does not come
        sink.release(name)
    await eventually(lambda: source.counters.messages["acknowledged"] == 3)
    await source.stop(1.0)
    await eventually(lambda: ready(broker, "spans.00") == 3, "what was not acknowledged is back")
    second = RecordingSink()
    again = await start_source(second)
    await eventually(lambda: again.counters.messages["acknowledged"] == 3)
    assert sorted(map(span_name, second.requests)) == ["a", "b", "e"]
    assert again.counters.messages["redelivered"] == 3


async def test_no_more_than_the_prefetch_is_under_way(broker: Broker, start_source: StartSource) -> None:
    sink = HoldingSink()
    source = await start_source(sink, qoa_prefetch=3)
    publish_batches(broker, "spans.00", *"abcdefgh")
    publish_batches(broker, "spans.01", "z")
    await eventually(lambda: len(sink.waiting) == 4)
    assert sorted(sink.waiting) == ["a", "b", "c", "z"]
    for name in "bcdefgh":  # a waits on, and must not hold up what comes behind it
        await eventually(lambda name=name: name in sink.waiting)
        assert len(sink.waiting) <= 4
        sink.release(name)
    await eventually(lambda: source.counters.messages["acknowledged"] == 7)


async def test_what_the_engine_cannot_take_now_is_tried_again_and_never_given_back(
    broker: Broker, start_source: StartSource
) -> None:
    sink = RecordingSink(failure=unavailable())
    source = await start_source(sink)
    publish_batches(broker, "spans.00", "a", "b")
    await eventually(lambda: sink.refused >= 6)
    assert source.counters.messages["acknowledged"] == 0
    sink.failure = None
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    assert sorted(map(span_name, sink.requests)) == ["a", "b"]
    assert source.counters.messages["received"] == 2
    assert source.counters.messages["redelivered"] == 0


async def test_stop_hands_over_and_waits_for_what_is_being_stored(broker: Broker, start_source: StartSource) -> None:
    sink, next_sink = HoldingSink(), RecordingSink()
    source = await start_source(sink, pace=replace(QUICK, stalled_s=30.0))
    successor = await start_source(next_sink)
    publish_batches(broker, "spans.00", "a", "b")
    await eventually(lambda: len(sink.waiting) == 2)
    await source.take_no_more(1.0)
    stopping = asyncio.create_task(source.stop(3600.0))
    publish_batches(broker, "spans.00", "c")
    await eventually(lambda: successor.counters.messages["acknowledged"] == 1)
    sink.release("a")
    sink.release("b")
    async with asyncio.timeout(20):
        await stopping
    await successor.stop(1.0)
    assert sink.names() == ["a", "b"]
    assert list(map(span_name, next_sink.requests)) == ["c"]
    assert ready(broker, "spans.00") == 0


async def test_stop_does_not_wait_for_spans_that_cannot_come(broker: Broker, start_source: StartSource) -> None:
    sink = HoldingSink()
    source = await start_source(sink)
    publish_batches(broker, "spans.00", *"abc")
    await eventually(lambda: len(sink.waiting) == 3)
    async with asyncio.timeout(10):
        await source.stop(3600.0)
    assert sink.waiting == {}
    await eventually(lambda: ready(broker, "spans.00") == 3, "what was not acknowledged is back")


async def test_two_engines_share_a_shard_one_after_the_other(broker: Broker, start_source: StartSource) -> None:
    sinks = RecordingSink(), RecordingSink()
    first = await start_source(sinks[0])
    second = await start_source(sinks[1])
    publish_batches(broker, "spans.00", "a", "b")
    await eventually(lambda: first.counters.messages["acknowledged"] == 2)
    await first.stop(1.0)
    publish_batches(broker, "spans.00", "c")
    await eventually(lambda: second.counters.messages["acknowledged"] == 1)
    assert (len(sinks[0].requests), len(sinks[1].requests)) == (2, 1)
