"""What our collector publishes is what the engine reads, in every compression."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic, BasicProperties

from hallmark_cli.stack.parts.collector import collector
from hallmark_qoa.sources.amqp.message import Delivery, read
from tests.support.amqp import channel_of
from tests.support.parts import Broker, RunningPart, new_site
from tests.support.waiting import until

SHARDS = 16
TRACES = 200
SPANS = 3
"""Of each trace."""
MAX_MESSAGE_BYTES = 2**22
"""Of the exporter's settings."""


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Its queues of spans are emptied here."""
    with Broker(new_site(tmp_path_factory.mktemp("messages"))) as running:
        yield running


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_every_span_is_in_its_shard_and_every_message_says_what_it_is(
    own_broker: Broker, tmp_path: Path, compression: str
) -> None:
    site = own_broker.site
    own = collector(site, tempo=False)
    overlay = ("--config", f"yaml:exporters::rabbitmq::compression: {compression}")
    sent = _spans()
    began_s = int(time.time())
    with RunningPart(replace(own, command=(*own.command, *overlay)), tmp_path):
        _post(site.settings.otlp_http_port, sent)
        found = _messages(own_broker, len(sent))

    assert sorted(_named(span) for _, spans in found for span in spans) == sorted(map(_named, sent))
    for message, spans in found:
        shard = int(message.queue.removeprefix("spans."))
        assert {int.from_bytes(span.trace_id[8:], "big") % SHARDS for span in spans} == {shard}
        properties = message.properties
        assert properties.headers == {"hallmark-shard": shard, "hallmark-spans": len(spans)}
        assert properties.content_encoding == (None if compression == "none" else compression)
        assert began_s <= properties.timestamp <= time.time()
        assert (properties.delivery_mode, properties.app_id) == (2, "hallmark-collector")
    assert len({UUID(message.properties.message_id) for message, _ in found}) == len(found)
    assert {message.queue for message, _ in found} == {f"spans.{shard:02}" for shard in range(SHARDS)}


def test_a_span_that_no_message_may_hold_takes_no_other_along(own_broker: Broker, tmp_path: Path) -> None:
    site = own_broker.site
    sent = _spans()
    sent[0].name = "x" * MAX_MESSAGE_BYTES
    sent[1].name = "x" * (MAX_MESSAGE_BYTES - 1000)
    with RunningPart(collector(site, tempo=False), tmp_path):
        _post(site.settings.otlp_http_port, sent)
        found = _messages(own_broker, len(sent) - 1)

    assert sorted(_named(span) for _, spans in found for span in spans) == sorted(map(_named, sent[1:]))


def _spans() -> list[Span]:
    return [
        Span(
            # In both halves of the id, of which the second one names the shard.
            trace_id=(trace << 64 | trace * 7919).to_bytes(16, "big"),
            span_id=(index + 1).to_bytes(8, "big"),
            name=f"{trace}/{index}",
            start_time_unix_nano=1,
            end_time_unix_nano=2,
        )
        for trace in range(1, TRACES + 1)
        for index in range(SPANS)
    ]


def _named(span: Span) -> tuple[bytes, bytes, str]:
    return span.trace_id, span.span_id, span.name


def _post(port: int, spans: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    headers = {"content-type": "application/x-protobuf"}
    url = f"http://127.0.0.1:{port}/v1/traces"
    httpx.post(url, content=request.SerializeToString(), headers=headers, timeout=10).raise_for_status()


def _messages(broker: Broker, spans: int) -> list[tuple[Delivery, list[Span]]]:
    """What comes out of the queues, read as the engine does, until so many spans have come."""
    found: list[tuple[Delivery, list[Span]]] = []
    with channel_of(broker) as channel:
        for shard in range(SHARDS):
            queue = f"spans.{shard:02}"
            channel.basic_consume(queue, partial(_take, found, queue), auto_ack=True)

        def all_there() -> bool:
            channel.connection.process_data_events(0)
            return sum(len(read_spans) for _, read_spans in found) >= spans

        until(all_there, "all spans are published", timeout_s=30)
    return found


def _take(
    found: list[tuple[Delivery, list[Span]]],
    queue: str,
    _channel: BlockingChannel,
    _method: Basic.Deliver,
    properties: BasicProperties,
    body: bytes,
) -> None:
    message = Delivery(queue, properties, body, redelivered=False)
    signal, serialized = read(message, max_bytes=MAX_MESSAGE_BYTES)
    assert signal.request is ExportTraceServiceRequest
    request = ExportTraceServiceRequest.FromString(serialized)
    spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    found.append((message, spans))
