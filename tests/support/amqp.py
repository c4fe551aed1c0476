"""What tests say to a running RabbitMQ, and what they look at in it."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pika
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pika.adapters.blocking_connection import BlockingChannel

from tests.support import waiting
from tests.support.command import ROOT
from tests.support.parts import Broker
from tests.support.sinks import RecordingSink, span_name
from tests.support.waiting import until

EXCHANGE = "hallmark.telemetry"
LAST = "last"

BROKER_S = 30.0
"""For what a broker has a part in: its queues are on a disk that others use too."""

eventually = partial(waiting.eventually, timeout_s=BROKER_S)
"""As :func:`tests.support.waiting.eventually`, with more patience."""


@dataclass(frozen=True)
class Found:
    """A message as it was in a queue."""

    properties: pika.BasicProperties
    body: bytes

    @property
    def reason(self) -> str:
        """Why it is among the dead letters."""
        return str(self.properties.headers["hallmark-reason"])


def batch(name: str, spans: int = 1) -> ExportTraceServiceRequest:
    """Spans of one trace; the name tells batches apart."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(spans):
        scope.spans.add(
            trace_id=bytes(15) + b"\x01",
            span_id=number.to_bytes(8, "big"),
            name=name,
            start_time_unix_nano=1,
            end_time_unix_nano=2,
        )
    return request


def properties(message: Message | None = None, **other: Any) -> pika.BasicProperties:
    """As our collector sets them."""
    message = message if message is not None else ExportTraceServiceRequest()
    usual: dict[str, Any] = {
        "content_type": "application/x-protobuf",
        "delivery_mode": 2,
        "message_id": str(uuid.uuid4()),
        "timestamp": 1_790_000_000,
        "type": message.DESCRIPTOR.full_name,
        "app_id": "otel-collector",
        "headers": {"hallmark-shard": 1, "hallmark-spans": 1},
    }
    return pika.BasicProperties(**(usual | other))


@contextmanager
def channel_of(broker: Broker, user: str = "operator") -> Iterator[BlockingChannel]:
    """A channel of one of its users."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url(user)))
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()


def publish(broker: Broker, key: str, messages: Sequence[tuple[pika.BasicProperties, bytes]]) -> None:
    """Publish as the collector does; each is confirmed."""
    with channel_of(broker, "collector") as channel:
        channel.confirm_delivery()
        for sent, body in messages:
            channel.basic_publish(EXCHANGE, key, body, sent, mandatory=True)


def publish_batches(broker: Broker, key: str, *names: str) -> None:
    """One message for each name."""
    publish(broker, key, [(properties(), batch(name).SerializeToString()) for name in names])


async def until_all_came(broker: Broker, sink: RecordingSink, *keys: str) -> None:
    """Wait until queues of spans have nothing under way: what has to come again does so before the LAST message.

    That none is ready does not say so. The next consumer gets nothing before the one that was cut off has given back.
    """
    for key in keys:
        publish_batches(broker, key, LAST)
    await eventually(lambda: list(map(span_name, sink.requests)).count(LAST) >= len(keys), "the last ones have come")


def ready(broker: Broker, *queues: str) -> int:
    """Messages that wait to be delivered, of these queues together."""
    with channel_of(broker) as channel:
        return sum(channel.queue_declare(queue, passive=True).method.message_count for queue in queues)


def empty(broker: Broker) -> None:
    """Empty every queue.

    What was not acknowledged is back in its queue only once whoever has read it is no consumer any more, a while after
    it has left.
    """
    queues = [str(queue["name"]) for queue in _topology()["queues"]]
    with channel_of(broker) as channel:

        def consumers() -> int:
            return sum(channel.queue_declare(queue, passive=True).method.consumer_count for queue in queues)

        until(lambda: consumers() == 0, "nobody reads the queues", timeout_s=BROKER_S)
        for queue in queues:
            channel.queue_purge(queue)


def taken(broker: Broker, queue: str) -> list[Found]:
    """Take what is in a queue out of it."""
    with channel_of(broker) as channel:
        found = []
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(Found(got[1], got[2]))
        return found


def restore_topology(broker: Broker) -> None:
    """Declare again what a test has deleted."""
    topology = _topology()
    content = {kind: topology[kind] for kind in ("exchanges", "queues", "bindings")}
    for entries in content.values():
        for entry in entries:
            entry.pop("vhost")
    broker.api("/definitions/hallmark", "POST", content)


def _topology() -> dict[str, Any]:
    return dict(json.loads((ROOT / "rabbitmq" / "topology.json").read_text()))
