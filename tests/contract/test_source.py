"""What every source must do, run against each of them with a real client."""

import base64
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict, Parse
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from hallmark_common.errors import HallmarkError, PortTakenError
from hallmark_common.settings import Settings
from hallmark_qoa.sources.base import Receipt, Source
from hallmark_qoa.sources.otlp_grpc import OtlpGrpcSource
from hallmark_qoa.sources.otlp_http import OtlpHttpSource
from tests.support.ports import free_port_settings

MAX_BYTES = 100_000
KINDS = ("otlp-grpc", "otlp-http-protobuf", "otlp-http-json")
SERVICES = {"traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService", "logs": "logs.v1.LogsService"}
RESPONSES = {
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
    "logs": ExportLogsServiceResponse,
}


@dataclass
class RecordingSink:
    """Takes note of what is delivered, and answers as it is told."""

    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    other: dict[str, int] = field(default_factory=dict)
    receipt: Receipt = field(default_factory=Receipt)
    failure: HallmarkError | None = None

    async def deliver(self, request: ExportTraceServiceRequest) -> Receipt:
        if self.failure is not None:
            raise self.failure
        self.requests.append(request)
        return self.receipt

    def count_other(self, signal: Literal["metrics", "logs"], count: int) -> None:
        self.other[signal] = self.other.get(signal, 0) + count


@dataclass
class Peer:
    """A source and how to send to it; ``send`` gives ("ok", response) or (failure, message)."""

    kind: str
    source: Source
    sink: RecordingSink
    settings: Settings
    send: Callable[..., Awaitable[tuple[str, Any]]]


def make_settings() -> Settings:
    return Settings(**free_port_settings(), max_request_bytes=MAX_BYTES)


def make_source(kind: str, settings: Settings, sink: RecordingSink) -> Source:
    return OtlpGrpcSource(settings, sink) if kind == "otlp-grpc" else OtlpHttpSource(settings, sink)


@pytest.fixture(params=KINDS)
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    settings, sink = make_settings(), RecordingSink()
    source = make_source(request.param, settings, sink)
    await source.start()

    async def send(message: Any, signal: str = "traces", *, gzipped: bool = False) -> tuple[str, Any]:
        if request.param == "otlp-grpc":
            return await send_grpc(settings, signal, message, gzipped)
        return await send_http(settings, signal, message, gzipped, as_json=request.param.endswith("json"))

    yield Peer(request.param, source, sink, settings, send)
    await source.stop(1.0)


async def send_grpc(settings: Settings, signal: str, message: Any, gzipped: bool) -> tuple[str, Any]:
    compression = grpc.Compression.Gzip if gzipped else None
    async with grpc.aio.insecure_channel(f"127.0.0.1:{settings.otlp_grpc_port}", compression=compression) as channel:
        export = channel.unary_unary(
            f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export",
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=RESPONSES[signal].FromString,
        )
        try:
            return "ok", await export(message, timeout=10)
        except grpc.aio.AioRpcError as error:
            return error.code().name, error.details()


def hex_ids(content: Any) -> Any:
    """OTLP/JSON writes trace and span ids in hexadecimal."""
    if isinstance(content, list):
        return [hex_ids(item) for item in content]
    if not isinstance(content, dict):
        return content
    ids = {"traceId", "spanId", "parentSpanId"}
    return {k: base64.b64decode(v).hex() if k in ids else hex_ids(v) for k, v in content.items()}


async def send_http(settings: Settings, signal: str, message: Any, gzipped: bool, *, as_json: bool) -> tuple[str, Any]:
    body = json.dumps(hex_ids(MessageToDict(message))).encode() if as_json else message.SerializeToString()
    headers = {"content-type": "application/json" if as_json else "application/x-protobuf"}
    if gzipped:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    answer = await post(settings, f"/v1/{signal}", body, headers)
    assert answer.headers["content-type"] == headers["content-type"]
    into = RESPONSES[signal]() if answer.status_code == 200 else status_pb2.Status()
    read = Parse(answer.content, into) if as_json else type(into).FromString(answer.content)
    if answer.status_code == 200:
        return "ok", read
    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    assert {400: "INVALID_ARGUMENT", 413: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}[answer.status_code] == codes[
        read.code
    ]
    return codes[read.code], read.message


async def post(settings: Settings, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"http://127.0.0.1:{settings.otlp_http_port}{path}", content=body, headers=headers)


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
    assert await peer.send(traces(), gzipped=gzipped) == ("ok", ExportTraceServiceResponse())
    assert peer.sink.requests == [traces()]


async def test_nothing_is_acknowledged_that_was_not_stored(peer: Peer) -> None:
    peer.sink.failure = HallmarkError(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", "come again")
    assert await peer.send(traces()) == ("UNAVAILABLE", "come again")


async def test_malformed_spans_are_a_partial_success(peer: Peer) -> None:
    peer.sink.receipt = Receipt(3, "3 without a time")
    outcome, response = await peer.send(traces())
    assert outcome == "ok"
    assert (response.partial_success.rejected_spans, response.partial_success.error_message) == (3, "3 without a time")


async def test_metrics_and_logs_are_accepted_and_counted(peer: Peer) -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    for _ in range(3):
        metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
        logs.resource_logs.add().scope_logs.add().log_records.add(severity_text="INFO", trace_id=bytes(range(16)))
    assert await peer.send(metrics, "metrics") == ("ok", ExportMetricsServiceResponse())
    assert await peer.send(logs, "logs") == ("ok", ExportLogsServiceResponse())
    assert peer.sink.other == {"metrics": 3, "logs": 3}


@pytest.mark.parametrize("gzipped", [False, True])
async def test_too_large_a_body_is_refused(peer: Peer, gzipped: bool) -> None:
    outcome, _ = await peer.send(traces("x" * (MAX_BYTES + 1)), gzipped=gzipped)
    assert outcome == "RESOURCE_EXHAUSTED"
    assert peer.sink.requests == []
    assert (await peer.send(traces()))[0] == "ok"


async def test_taken_port_names_the_setting(peer: Peer) -> None:
    second = make_source(peer.kind, peer.settings, RecordingSink())
    setting = "HALLMARK_OTLP_GRPC_PORT" if peer.kind == "otlp-grpc" else "HALLMARK_OTLP_HTTP_PORT"
    with pytest.raises(PortTakenError, match=setting):
        await second.start()


async def test_port_is_free_again_after_stop(peer: Peer) -> None:
    await peer.source.stop(1.0)
    again = make_source(peer.kind, peer.settings, peer.sink)
    await again.start()
    await again.stop(1.0)


@pytest.fixture
async def http() -> AsyncIterator[tuple[Settings, RecordingSink]]:
    settings, sink = make_settings(), RecordingSink()
    source = OtlpHttpSource(settings, sink)
    await source.start()
    yield settings, sink
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
    sink.failure = HallmarkError(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", "come again")
    answer = await post(settings, "/v1/traces", GOOD, {"content-type": "application/x-protobuf"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_grpc_body_that_is_no_request_is_the_callers_fault() -> None:
    settings, sink = make_settings(), RecordingSink()
    source = OtlpGrpcSource(settings, sink)
    await source.start()

    class Garbage:
        def SerializeToString(self) -> bytes:
            return b"\xff\xff"

    outcome, message = await send_grpc(settings, "traces", Garbage(), False)
    await source.stop(1.0)
    assert (outcome, message) == (
        "INVALID_ARGUMENT", "not a opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
    )  # fmt: skip
