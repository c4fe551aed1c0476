"""How each source is spoken to by a real peer, so that one suite of tests runs against all of them."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import grpc
import httpx
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.source import AmqpSource
from hallmark_qoa.sources.base import Sink, Source
from hallmark_qoa.sources.otlp.grpc import OtlpGrpcSource
from hallmark_qoa.sources.otlp.http import OtlpHttpSource
from tests.support.amqp import eventually, properties, publish, ready, taken
from tests.support.parts import Broker
from tests.support.ports import free_port_settings

MAX_BYTES = 100_000
KINDS = ("otlp-grpc", "otlp-http-protobuf", "otlp-http-json", "amqp")
SERVICES = {"traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService", "logs": "logs.v1.LogsService"}
RESPONSES: dict[str, Any] = {
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
    "logs": ExportLogsServiceResponse,
}
CODES = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True)
class Outcome:
    """What became of a batch for who sent it."""

    kind: Literal["acknowledged", "refused", "later"]
    """``refused``: for ever; ``later``: it is kept and comes again."""
    complaint: str = ""
    """Why it was refused, or which spans of it were."""


class Garbage(Message):
    """Something that is no request."""

    def SerializeToString(self, **_: Any) -> bytes:
        return b"\xff\xff"


class Driver(Protocol):
    """A peer of one kind of source."""

    settings: Settings
    kept: bool
    """Whether batches stay with the peer until they are acknowledged, and come again by themselves."""
    max_bytes: int
    """The largest batch."""

    def make(self, sink: Sink) -> Source:
        """A source that reads from this peer."""

    def make_impossible(self, sink: Sink) -> tuple[Source, str]:
        """One that cannot start while the other runs, and the setting that is to blame."""

    async def send(self, message: Message, signal: str = "traces", *, gzipped: bool = False) -> Outcome:
        """Send one batch to the source that runs."""

    async def comes_again(self, message: Message) -> Outcome:
        """What was put off comes again, by itself or as this peer sends it again."""

    def left(self) -> int:
        """Batches that the peer still keeps once no source runs."""


class OtlpDriver:
    """An exporter of OTLP over gRPC or HTTP."""

    kept = False
    max_bytes = MAX_BYTES

    def __init__(self, kind: str) -> None:
        self.settings = Settings(**free_port_settings(), max_request_bytes=MAX_BYTES)
        self._kind = kind
        self._unacknowledged = 0

    def make(self, sink: Sink) -> Source:
        """See the protocol."""
        return (OtlpGrpcSource if self._kind == "otlp-grpc" else OtlpHttpSource)(self.settings, sink)

    def make_impossible(self, sink: Sink) -> tuple[Source, str]:
        """See the protocol."""
        transport = "GRPC" if self._kind == "otlp-grpc" else "HTTP"
        return self.make(sink), f"HALLMARK_OTLP_{transport}_PORT"

    async def send(self, message: Message, signal: str = "traces", *, gzipped: bool = False) -> Outcome:
        """See the protocol."""
        send = self._over_grpc if self._kind == "otlp-grpc" else self._over_http
        outcome = await send(message, signal, gzipped)
        self._unacknowledged += outcome.kind == "later"
        return outcome

    async def comes_again(self, message: Message) -> Outcome:
        """See the protocol."""
        self._unacknowledged -= 1
        return await self.send(message)

    def left(self) -> int:
        """See the protocol."""
        return self._unacknowledged

    async def _over_grpc(self, message: Message, signal: str, gzipped: bool) -> Outcome:
        compression = grpc.Compression.Gzip if gzipped else None
        target = f"127.0.0.1:{self.settings.otlp_grpc_port}"
        async with grpc.aio.insecure_channel(target, compression=compression) as channel:
            export: Callable[..., Any] = channel.unary_unary(
                f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export",
                request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=RESPONSES[signal].FromString,
            )
            try:
                return accepted(await export(message, timeout=10))
            except grpc.aio.AioRpcError as error:
                return failed(error.code().name, error.details() or "")

    async def _over_http(self, message: Message, signal: str, gzipped: bool) -> Outcome:
        as_json = self._kind.endswith("json") and not isinstance(message, Garbage)
        body = json.dumps(hex_ids(MessageToDict(message))).encode() if as_json else message.SerializeToString()
        headers = {"content-type": "application/json" if as_json else "application/x-protobuf"}
        if gzipped:
            body, headers["content-encoding"] = gzip.compress(body), "gzip"
        answer = await post(self.settings, f"/v1/{signal}", body, headers)
        assert answer.headers["content-type"] == headers["content-type"]
        into = RESPONSES[signal]() if answer.status_code == 200 else status_pb2.Status()
        read: Any = Parse(answer.content, into) if as_json else type(into).FromString(answer.content)
        if answer.status_code == 200:
            return accepted(read)
        same = {400: "INVALID_ARGUMENT", 413: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
        assert same[answer.status_code] == CODES[read.code]
        return failed(CODES[read.code], read.message)


def accepted(response: Any) -> Outcome:
    """What the answer of an export says."""
    partial = response.partial_success
    if isinstance(response, ExportTraceServiceResponse) and partial.rejected_spans:
        return Outcome("acknowledged", f"{partial.rejected_spans}: {partial.error_message}")
    assert response == type(response)()
    return Outcome("acknowledged")


def failed(code: str, message: str) -> Outcome:
    """What a status means to an exporter: https://opentelemetry.io/docs/specs/otlp/#failures ."""
    assert code in {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
    return Outcome("later" if code == "UNAVAILABLE" else "refused", message)


def hex_ids(content: Any) -> Any:
    """OTLP/JSON writes trace and span ids in hexadecimal."""
    if isinstance(content, list):
        return [hex_ids(item) for item in content]
    if not isinstance(content, dict):
        return content
    ids = {"traceId", "spanId", "parentSpanId"}
    return {k: base64.b64decode(v).hex() if k in ids else hex_ids(v) for k, v in content.items()}


async def post(settings: Settings, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """POST to the source over HTTP."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"http://127.0.0.1:{settings.otlp_http_port}{path}", content=body, headers=headers)


class AmqpDriver:
    """A collector that publishes, and a broker that keeps it until it is acknowledged.

    Refused is what is found among the dead letters; put off is what is neither there nor acknowledged.
    """

    kept = True
    max_bytes = 4 * MAX_BYTES
    keys: dict[str, str] = {"traces": "spans.01", "metrics": "metrics", "logs": "logs"}  # noqa: RUF012  # never changed

    def __init__(self, broker: Broker) -> None:
        self.settings = Settings(**broker.settings_of_engine(), max_request_bytes=MAX_BYTES, qoa_shards="1")  # type: ignore[arg-type]  # as in the environment
        self._broker = broker
        self._source: AmqpSource | None = None

    def make(self, sink: Sink) -> Source:
        """See the protocol."""
        pace = Pace(first_s=0.05, longest_s=0.2, refused_s=0.2, stalled_s=0.3)
        self._source = AmqpSource(self.settings, sink, pace=pace)
        return self._source

    def make_impossible(self, sink: Sink) -> tuple[Source, str]:
        """See the protocol."""
        return AmqpSource(Settings(amqp_url="amqp:/nonsense"), sink), "HALLMARK_AMQP_URL"

    async def send(self, message: Message, signal: str = "traces", *, gzipped: bool = False) -> Outcome:
        """See the protocol."""
        body, encoding = message.SerializeToString(), None
        if gzipped:
            body, encoding = gzip.compress(body), "gzip"
        acknowledged, postponed = self._counts()
        is_garbage = isinstance(message, Garbage)
        sent = properties(None if is_garbage else message, content_encoding=encoding)
        publish(self._broker, self.keys[signal], [(sent, body)])
        await eventually(lambda: self._counts() != (acknowledged, postponed))
        return self._outcome(acknowledged)

    async def comes_again(self, _message: Message) -> Outcome:
        """See the protocol."""
        acknowledged, _ = self._counts()
        await eventually(lambda: self._counts()[0] > acknowledged)
        return self._outcome(acknowledged)

    def left(self) -> int:
        """See the protocol."""
        return ready(self._broker, "spans.01", "metrics", "unrouted")

    def _outcome(self, acknowledged_before: int) -> Outcome:
        if self._counts()[0] == acknowledged_before:
            return Outcome("later")
        dead = taken(self._broker, "dead")
        if not dead:
            return Outcome("acknowledged")
        (found,) = dead
        malformed = self._source is not None and self._source.counters.messages["dead_lettered.malformed_spans"]
        return Outcome("acknowledged" if malformed else "refused", found.reason)

    def _counts(self) -> tuple[int, int]:
        assert self._source is not None
        messages = self._source.counters.messages
        return messages["acknowledged"], messages["postponed"]
