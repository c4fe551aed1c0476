"""What every source must do, run against each of them with a real peer."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from google.protobuf.json_format import Parse
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings
from hallmark_qoa.sources.base import Receipt, Source
from tests.support.amqp import empty
from tests.support.parts import Broker
from tests.support.sinks import HoldingSink, RecordingSink, unavailable
from tests.support.source_drivers import KINDS, MAX_BYTES, AmqpDriver, Driver, Garbage, OtlpDriver, Outcome, post
from tests.support.waiting import eventually

ACKNOWLEDGED = Outcome("acknowledged")


@pytest.fixture(params=KINDS)
def driver(request: pytest.FixtureRequest) -> Driver:
    if request.param != "amqp":
        return OtlpDriver(request.param)
    broker: Broker = request.getfixturevalue("broker")
    empty(broker)
    return AmqpDriver(broker)


@dataclass
class Peer:
    """A source that runs, what it delivers to, and who sends to it."""

    source: Source
    sink: RecordingSink
    driver: Driver


@pytest.fixture
async def peer(driver: Driver) -> AsyncIterator[Peer]:
    sink = RecordingSink()
    source = driver.make(sink)
    await source.start()
    yield Peer(source, sink, driver)
    await source.stop(1.0)


def traces(payload: str = "x") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "hallmark-web"
    span = resource.scope_spans.add().spans.add(
        trace_id=bytes(range(16)), span_id=bytes(range(8)), parent_span_id=bytes(range(8, 16)), name="Predict",
        kind=3, start_time_unix_nano=2**60 + 1, end_time_unix_nano=2**60 + 2,
    )  # fmt: skip
    span.attributes.add(key="text").value.string_value = payload
    span.attributes.add(key="int").value.int_value = -(2**62)
    span.attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    span.attributes.add(key="list").value.array_value.values.add().double_value = 0.5
    span.links.add(trace_id=bytes(range(16)), span_id=bytes(range(8)))
    return request


@pytest.mark.parametrize("gzipped", [False, True])
async def test_spans_arrive_as_sent_and_are_acknowledged(peer: Peer, gzipped: bool) -> None:
    assert await peer.driver.send(traces(), gzipped=gzipped) == ACKNOWLEDGED
    assert peer.sink.requests == [traces()]
    assert peer.sink.kept == {peer.driver.kept}


async def test_nothing_is_acknowledged_that_was_not_stored(peer: Peer) -> None:
    peer.sink.failure = unavailable()
    assert (await peer.driver.send(traces())).kind == "later"
    assert peer.sink.requests == []
    peer.sink.failure = None
    assert await peer.driver.comes_again(traces()) == ACKNOWLEDGED
    assert peer.sink.requests == [traces()]


async def test_malformed_spans_are_told_and_the_rest_is_acknowledged(peer: Peer) -> None:
    peer.sink.receipt = Receipt(3, "3 without a time")
    outcome = await peer.driver.send(traces())
    assert (outcome.kind, outcome.complaint.removeprefix("3: ")) == ("acknowledged", "3 without a time")
    assert peer.sink.requests == [traces()]


async def test_metrics_and_logs_are_accepted_and_counted(peer: Peer) -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    for _ in range(3):
        metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
        logs.resource_logs.add().scope_logs.add().log_records.add(severity_text="INFO", trace_id=bytes(range(16)))
    assert await peer.driver.send(metrics, "metrics") == ACKNOWLEDGED
    assert await peer.driver.send(logs, "logs") == ACKNOWLEDGED
    assert peer.sink.other == {"metrics": 3, "logs": 3}


@pytest.mark.parametrize("gzipped", [False, True])
async def test_too_large_a_batch_is_refused(peer: Peer, gzipped: bool) -> None:
    outcome = await peer.driver.send(traces("x" * (peer.driver.max_bytes + 1)), gzipped=gzipped)
    assert outcome.kind == "refused"
    assert peer.sink.requests == []
    assert await peer.driver.send(traces()) == ACKNOWLEDGED


async def test_what_is_no_request_is_refused_and_says_so(peer: Peer) -> None:
    outcome = await peer.driver.send(Garbage())
    assert (outcome.kind, outcome.complaint) == ("refused", f"not a {ExportTraceServiceRequest.DESCRIPTOR.full_name}")
    assert peer.sink.requests == []
    assert await peer.driver.send(traces()) == ACKNOWLEDGED


async def test_source_that_cannot_start_names_the_setting(peer: Peer) -> None:
    second, setting = peer.driver.make_impossible(RecordingSink())
    with pytest.raises(StartupError, match=setting):
        await second.start()


async def test_another_source_takes_over_after_stop(peer: Peer) -> None:
    await peer.source.stop(1.0)
    sink = RecordingSink()
    again = peer.driver.make(sink)
    await again.start()
    assert await peer.driver.send(traces()) == ACKNOWLEDGED
    await again.stop(1.0)
    assert sink.requests == [traces()]
    assert peer.sink.requests == []


async def test_stop_waits_for_what_is_being_stored(driver: Driver) -> None:
    sink = HoldingSink()
    source = driver.make(sink)
    await source.start()
    sending = asyncio.create_task(driver.send(traces()))
    await eventually(lambda: sink.waiting)
    stopping = asyncio.create_task(source.stop(5.0))
    sink.release("Predict")
    await stopping
    assert await sending == ACKNOWLEDGED
    assert sink.requests == [traces()]
    assert driver.left() == 0


async def test_what_was_taken_is_acknowledged_although_no_more_is_taken(driver: Driver) -> None:
    sink = HoldingSink()
    source = driver.make(sink)
    await source.start()
    sending = asyncio.create_task(driver.send(traces()))
    await eventually(lambda: sink.waiting)
    ending = asyncio.create_task(source.take_no_more(5.0))
    sink.release("Predict")
    await ending
    assert await sending == ACKNOWLEDGED
    await source.stop(1.0)
    assert sink.requests == [traces()]
    assert driver.left() == 0


async def test_stop_before_start_and_twice(driver: Driver) -> None:
    source = driver.make(RecordingSink())
    await source.stop(1.0)
    source = driver.make(RecordingSink())
    await source.start()
    await source.stop(1.0)
    await source.stop(1.0)


@pytest.fixture
async def http() -> AsyncIterator[tuple[Settings, RecordingSink]]:
    driver, sink = OtlpDriver("otlp-http-protobuf"), RecordingSink()
    source = driver.make(sink)
    await source.start()
    yield driver.settings, sink
    await source.stop(1.0)


GOOD = traces().SerializeToString()


@pytest.mark.parametrize(
    ("status", "content_type", "encoding", "body"),
    [
        (415, "", "", GOOD),
        (415, "text/plain", "", GOOD),
        (415, "application/x-protobuf", "br", GOOD),
        (400, "application/x-protobuf", "", b"\xff\xff"),
        (400, "application/x-protobuf", "gzip", GOOD),
        (400, "application/x-protobuf", "gzip", gzip.compress(GOOD)[:-9]),
        (413, "application/x-protobuf", "gzip", gzip.compress(bytes(50_000_000))),
        (413, "application/x-protobuf", "gzip", gzip.compress(bytes(60_000)) * 2),
        (413, "application/json", "", b" " * (MAX_BYTES + 1)),
        (400, "application/json", "", b""),
        (400, "application/json", "", b"{"),
        (400, "application/json", "", b"[]"),
        (400, "application/json", "", b"7"),
        (400, "application/json", "", b"\xff"),
        (400, "application/json", "", b"[" * 90_000),
        (400, "application/json", "", b'{"resourceSpans": 7}'),
        (400, "application/json", "", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}'),
        (400, "application/json", "", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\\ud800"}]}]}]}'),
        (400, "application/json", "", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":1e400}]}]}]}'),
        (200, "application/json; charset=utf-8", "", b"{}"),
        (200, "application/json", "", b'{"a later field": [{"traceId": 5}]}'),
        (200, "application/x-protobuf", "gzip", gzip.compress(GOOD)),
        (200, "application/x-protobuf", "identity", b""),
    ],
)
async def test_http_status_of_bad_bodies(
    http: tuple[Settings, RecordingSink], status: int, content_type: str, encoding: str, body: bytes
) -> None:
    settings, _ = http
    answer = await post(
        settings, "/v1/traces", body, {"content-type": content_type, "content-encoding": encoding or "identity"}
    )
    assert answer.status_code == status
    if status != 200:
        is_json = answer.headers["content-type"] == "application/json"
        read = Parse(answer.content, status_pb2.Status()) if is_json else status_pb2.Status.FromString(answer.content)
        assert read.message
        assert read.code
    assert (await post(settings, "/v1/traces", GOOD, {"content-type": "application/x-protobuf"})).status_code == 200


async def test_http_says_when_to_come_again(http: tuple[Settings, RecordingSink]) -> None:
    settings, sink = http
    sink.failure = unavailable()
    answer = await post(settings, "/v1/traces", GOOD, {"content-type": "application/x-protobuf"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
