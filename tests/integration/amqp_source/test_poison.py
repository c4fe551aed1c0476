"""Messages that nobody can use are put aside with the reason, are never lost, and hold up nothing."""

import asyncio
import gzip
import subprocess
from typing import Any

import grpc
import pika
import pytest
import zstandard
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from hallmark_common.errors import HallmarkError
from hallmark_qoa.sources.base import Receipt
from tests.integration.amqp_source.conftest import StartSource
from tests.support.amqp import (
    EXCHANGE,
    batch,
    channel_of,
    eventually,
    properties,
    publish,
    publish_batches,
    ready,
    restore_topology,
    taken,
)
from tests.support.parts import Broker
from tests.support.sinks import RecordingSink, span_name

MAX_BYTES = 1024
GOOD = batch("good").SerializeToString()
BOMB = bytes(50_000_000)
METRICS = ExportMetricsServiceRequest()


@pytest.mark.parametrize(
    ("kind", "reason", "chosen", "body"),
    [
        ("body", "not a opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest", {}, b"\xff\xff"),
        ("body", "not a gzip body: ", {"content_encoding": "gzip"}, GOOD),
        ("body", "not a zstd body: it ends too early", {"content_encoding": "zstd"}, zstandard.compress(GOOD)[:-3]),
        ("content_type", "content_type must be application/x-protobuf, not None", {"content_type": None}, GOOD),
        ("content_type", "content_type must be application/x-protobuf, not 'a/b'", {"content_type": "a/b"}, GOOD),
        ("content_encoding", "content_encoding must be gzip, zstd or none, not 'br'", {"content_encoding": "br"}, GOOD),
        ("type", "type None is none for queue spans.00", {"type": None}, GOOD),
        ("type", "type 'nonsense' is none for queue spans.00", {"type": "nonsense"}, GOOD),
        ("type", f"type '{METRICS.DESCRIPTOR.full_name}' is none", {"type": METRICS.DESCRIPTOR.full_name}, b""),
        ("too_large", "a message may have 4096 bytes", {}, BOMB[:5000]),
        ("too_large", "a message may have 4096 bytes", {"content_encoding": "gzip"}, gzip.compress(BOMB)),
        ("too_large", "a message may have 4096 bytes", {"content_encoding": "zstd"}, zstandard.compress(BOMB)),
    ],
    ids=lambda value: "" if isinstance(value, bytes | dict) else None,
)
async def test_unusable_message_goes_to_the_dead_letters_as_it_was(
    broker: Broker, start_source: StartSource, kind: str, reason: str, chosen: dict[str, Any], body: bytes
) -> None:
    sink = RecordingSink()
    source = await start_source(sink, max_request_bytes=MAX_BYTES)
    sent = properties(**chosen)
    publish(broker, "spans.00", [(sent, body)])
    publish_batches(broker, "spans.00", "next")
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    (found,) = taken(broker, "dead")
    assert found.reason.startswith(reason)
    assert "\n" not in found.reason
    assert found.properties.headers.pop("hallmark-queue") == "spans.00"
    for added in ("hallmark-reason", "x-delivery-count"):
        del found.properties.headers[added]
    assert (found.body, found.properties) == (body, sent)
    assert list(map(span_name, sink.requests)) == ["next"]
    assert source.counters.messages[f"dead_lettered.{kind}"] == 1
    await source.stop(1.0)
    assert ready(broker, "spans.00") == 0


async def test_malformed_spans_are_put_aside_and_the_rest_is_stored(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink(receipt=Receipt(3, "malformed spans: 3 with an unusable time"))
    source = await start_source(sink)
    publish_batches(broker, "spans.00", "a")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    (found,) = taken(broker, "dead")
    assert found.reason == "malformed spans: 3 with an unusable time"
    assert (len(sink.requests), source.counters.messages["dead_lettered.malformed_spans"]) == (1, 1)


@pytest.mark.parametrize(
    ("failure", "reason", "attempts"),
    [
        (HallmarkError(grpc.StatusCode.INVALID_ARGUMENT, "X", "not like this"), "not like this", 1),
        (ZeroDivisionError("secret"), "the engine failed: ZeroDivisionError", 5),
    ],
)
async def test_message_that_the_engine_fails_over_is_put_aside(
    broker: Broker, start_source: StartSource, failure: Exception, reason: str, attempts: int
) -> None:
    sink = RecordingSink(failure=failure)
    source = await start_source(sink)
    publish_batches(broker, "spans.00", "a")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert [found.reason for found in taken(broker, "dead")] == [reason]
    assert sink.refused == attempts


async def test_properties_that_cannot_be_sent_on_do_not_hold_the_message_up(
    broker: Broker, start_source: StartSource
) -> None:
    source = await start_source(RecordingSink())
    large = {f"k{number}": "x" * 1000 for number in range(129)} | {"rest": "x" * 700}  # what fits into a frame, just
    publish(
        broker,
        "spans.00",
        [(properties(headers=large), b"\xff"), (properties(user_id="collector", expiration="60000"), b"\xff")],
    )
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    found = taken(broker, "dead")
    assert [message.body for message in found] == [b"\xff"] * 2
    assert all("hallmark-reason" in message.properties.headers for message in found)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [("no binding", "no queue is bound to it"), ("no exchange", "404 NOT_FOUND - no exchange 'hallmark.dead'")],
)
async def test_unconfirmed_dead_letter_stays_in_its_queue(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture, trouble: str, says: str
) -> None:
    with channel_of(broker) as channel:
        if trouble == "no binding":
            channel.queue_unbind("dead", "hallmark.dead", "")
        else:
            channel.exchange_delete("hallmark.dead")
    try:
        source = await start_source(RecordingSink())
        publish(broker, "spans.00", [(properties(), b"\xff")])
        publish_batches(broker, "spans.00", "next")
        await eventually(lambda: says in caplog.text)
        await eventually(lambda: source.counters.messages["acknowledged"] == 1)
        assert source.counters.messages["dead_lettered.body"] == 0
    finally:
        restore_topology(broker)
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    assert len(taken(broker, "dead")) == 1


async def test_full_dead_letter_queue_loses_nothing(broker: Broker, start_source: StartSource) -> None:
    limit = {"pattern": "^dead$", "apply-to": "queues", "priority": 9}
    limit["definition"] = {"overflow": "reject-publish", "max-length": 1}  # type: ignore[assignment]
    broker.api("/policies/hallmark/full", "PUT", limit)
    try:
        source = await start_source(RecordingSink())
        publish(broker, "spans.00", [(properties(), b"\xff")] * 8)
        await eventually(lambda: source.counters.messages["dead_lettered.body"] >= 1)
        await source.stop(1.0)
        await eventually(lambda: ready(broker, "dead", "spans.00") >= 8, "what was not put aside is back")
    finally:
        broker.api("/policies/hallmark/full", "DELETE")


async def test_alarm_holds_up_dead_letters_and_not_good_messages(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    publish(broker, "spans.00", [(properties(), b"\xff")])
    publish_batches(broker, "spans.00", *"abc")
    await asyncio.to_thread(memory_watermark, broker, "0.0000001")
    try:
        source = await start_source(sink)
        await eventually(lambda: source.counters.messages["acknowledged"] == 3)
        await source.stop(0.1)
        # The acknowledgements were read in spite of the alarm.
        await eventually(lambda: ready(broker, "spans.00") == 1, "the one that was not put aside is back")
        source = await start_source(sink)
        await eventually(lambda: source.counters.messages["redelivered"] == 1)
        assert source.counters.messages["acknowledged"] == 0
    finally:
        await asyncio.to_thread(memory_watermark, broker, "0.4")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert {found.body for found in taken(broker, "dead")} == {b"\xff"}


def memory_watermark(broker: Broker, fraction: str) -> None:
    part = broker.node.part
    command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-n", part.environ["RABBITMQ_NODENAME"]]
    subprocess.run(
        [*command, "set_vm_memory_high_watermark", fraction],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **part.environ},
        check=True,
        capture_output=True,
        timeout=60,
    )


async def test_message_of_a_user_that_is_no_collector(broker: Broker, start_source: StartSource) -> None:
    source = await start_source(RecordingSink())
    with channel_of(broker) as channel:
        channel.basic_publish(EXCHANGE, "spans.00", b"\xff", pika.BasicProperties())
    await eventually(lambda: source.counters.messages["dead_lettered.content_type"] == 1)
