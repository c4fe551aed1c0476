"""What becomes of the body of a message, by the signal that it is of."""

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_qoa.sources.amqp.message import Delivery, PoisonError
from hallmark_qoa.sources.amqp.telemetry import TelemetryMessages
from tests.support.amqp import batch, properties
from tests.support.sinks import RecordingSink

REQUESTS = (ExportTraceServiceRequest(), ExportMetricsServiceRequest(), ExportLogsServiceRequest())


async def use(message: Message, body: bytes) -> RecordingSink:
    sink = RecordingSink()
    delivery = Delivery("unrouted", properties(message), body, redelivered=False)
    await TelemetryMessages(sink, 1000).use(delivery)
    return sink


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: message.DESCRIPTOR.name)
async def test_body_that_is_no_request_is_poison_and_says_of_which_kind(message: Message) -> None:
    with pytest.raises(PoisonError, match=f"^not a {message.DESCRIPTOR.full_name}$") as raised:
        await use(message, b"\xff\xff")
    assert raised.value.reason == "body"


async def test_spans_are_delivered_as_what_rabbitmq_keeps() -> None:
    sink = await use(batch("a"), batch("a").SerializeToString())
    assert (sink.requests, sink.kept) == ([batch("a")], {True})


async def test_other_signals_are_counted() -> None:
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    assert (await use(metrics, metrics.SerializeToString())).other == {"metrics": 1}
