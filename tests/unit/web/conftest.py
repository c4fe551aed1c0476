"""The web service for real, between a real preprocess peer that does as it is told and a real QoA peer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.preprocess.v1.preprocess_pb2_grpc import (
    PreprocessServiceServicer,
    add_PreprocessServiceServicer_to_server,
)
from hallmark.qoa.v1 import qoa_pb2, quality_pb2
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer, add_QoaServiceServicer_to_server
from hallmark.web.v1.web_pb2_grpc import PredictionServiceStub
from hallmark_common.errors import HallmarkError, not_found
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_web.service import web_service
from tests.support.ports import free_port_settings

Behaviour = Callable[[preprocess_pb2.PredictRequest], Awaitable[preprocess_pb2.PredictResponse]]


def answer_of(request: preprocess_pb2.PredictRequest) -> preprocess_pb2.PredictResponse:
    """What preprocess answers where a test does not say."""
    stages = [
        quality_pb2.Stage(
            name="preprocess",
            duration_ms=0.2,
            self_ms=0.1,
            status="OK",
            steps=[quality_pb2.Step(name="decode", start_ms=0.05, duration_ms=0.01)],
        ),
        quality_pb2.Stage(name="inference", duration_ms=0.1, self_ms=0.1, start_ms=0.06, status="OK"),
    ]
    quality = quality_pb2.QualitySummary(
        model=quality_pb2.Model(name=request.model, version=request.version or "1", variant="default"),
        stages=stages,
        data=quality_pb2.DataQuality(instances=1),
        prediction=quality_pb2.PredictionFacts(kind="number", count=1, values=[2.5]),
        inference=quality_pb2.InferenceFacts(compute_ms=0.05, batch_size=1),
    )
    number = preprocess_pb2.Number(value=2.5, unit="min")
    return preprocess_pb2.PredictResponse(predictions=[preprocess_pb2.Prediction(number=number)], quality=quality)


async def _answer(request: preprocess_pb2.PredictRequest) -> preprocess_pb2.PredictResponse:
    return answer_of(request)


@dataclass
class PreprocessPeer(PreprocessServiceServicer):
    """A preprocess that answers as a test tells it, and remembers what came."""

    behave: Behaviour = _answer
    requests: list[preprocess_pb2.PredictRequest] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    remaining_s: list[float | None] = field(default_factory=list)
    cancelled: int = 0
    running: int = 0
    most_running: int = 0
    listed: int = 0
    models: list[preprocess_pb2.ModelDescription] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything."""
        self.__init__()

    def hold(self, gate: asyncio.Event) -> None:
        """Answer from now on only once the gate is open."""

        async def wait(request: preprocess_pb2.PredictRequest) -> preprocess_pb2.PredictResponse:
            await gate.wait()
            return answer_of(request)

        self.behave = wait

    async def Predict(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        self.metadata.append({str(key): str(value) for key, value in context.invocation_metadata()})
        self.remaining_s.append(context.time_remaining())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self.behave(request)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def ListModels(self, _request: Any, _context: Any) -> Any:
        self.listed += 1
        return preprocess_pb2.ListModelsResponse(models=self.models)


@dataclass
class QoaPeer(QoaServiceServicer):
    """A QoA engine with given records and a watch fed by the test."""

    records: list[quality_pb2.QualityRecord] = field(default_factory=list)
    listed: list[qoa_pb2.ListRecordsRequest] = field(default_factory=list)
    watched: list[qoa_pb2.WatchRecordsRequest] = field(default_factory=list)
    events: asyncio.Queue[qoa_pb2.WatchRecordsResponse] = field(default_factory=asyncio.Queue)
    watching: int = 0
    truths: list[qoa_pb2.PredictionTruth] = field(default_factory=list)
    outcome: qoa_pb2.TruthOutcome = field(default_factory=lambda: qoa_pb2.TruthOutcome(outcome="joined"))
    refusal: HallmarkError | None = None

    def reset(self) -> None:
        """Forget everything."""
        self.__init__()

    async def GetRecord(self, request: Any, _context: Any) -> Any:
        for record in self.records:
            if record.prediction_id == request.prediction_id:
                return qoa_pb2.GetRecordResponse(record=record)
        raise not_found("record", request.prediction_id, [])

    async def ListRecords(self, request: Any, _context: Any) -> Any:
        self.listed.append(request)
        if self.refusal is not None:
            raise self.refusal
        return qoa_pb2.ListRecordsResponse(records=self.records, next_page_token="more")

    async def AddTruths(self, request: Any, _context: Any) -> Any:
        self.truths += request.truths
        if self.refusal is not None:
            raise self.refusal
        return qoa_pb2.AddTruthsResponse(outcomes=[self.outcome] * len(request.truths))

    async def WatchRecords(self, request: Any, context: Any) -> Any:
        self.watched.append(request)
        self.watching += 1
        try:
            await context.send_initial_metadata(())
            while True:
                yield await self.events.get()
        finally:
            self.watching -= 1


@dataclass
class Web:
    """The running service, as its callers and its operators see it."""

    runtime: Runtime
    http: httpx.AsyncClient
    stub: Any
    exporter: InMemorySpanExporter
    metrics: InMemoryMetricReader

    def spans(self, prediction_id: str, name: str | None = None) -> list[ReadableSpan]:
        """Ended spans of a prediction that have left the process."""
        return [
            span
            for span in self.exporter.get_finished_spans()
            if (span.attributes or {}).get("hallmark.prediction") == prediction_id and name in (None, span.name)
        ]


@pytest.fixture(scope="session")
def make_settings() -> Callable[..., Settings]:
    """Settings with free ports."""

    def make(**changed: Any) -> Settings:
        return Settings(**{**free_port_settings(), "span_export_interval_s": 0.01, "drain_timeout_s": 2.0, **changed})

    return make


@asynccontextmanager
async def running_peers(settings: Settings, preprocess: PreprocessPeer, qoa: QoaPeer) -> AsyncIterator[None]:
    """Both peers, as services of ours are: interceptors, errors and health included."""
    exporter = InMemorySpanExporter()
    telemetry = Telemetry("hallmark-peer", settings, span_exporter=exporter, metric_readers=())
    runtime = Runtime("hallmark-peer", settings, telemetry)
    try:
        for field_name, add, servicer, name in (
            ("preprocess_port", add_PreprocessServiceServicer_to_server, preprocess, "PreprocessService"),
            ("qoa_port", add_QoaServiceServicer_to_server, qoa, "QoaService"),
            ("inference_port", lambda *_: None, None, "inference.GRPCInferenceService"),
        ):
            server = runtime.grpc_server(field_name)
            add(servicer, server.server)
            await server.start(name)
        yield
    finally:
        await runtime.close()
        await asyncio.to_thread(telemetry.shutdown)


@asynccontextmanager
async def running_web(settings: Settings) -> AsyncIterator[Web]:
    """The web service, drained at the end."""
    exporter, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry = Telemetry("hallmark-web", settings, span_exporter=exporter, metric_readers=[metrics])
    runtime = Runtime("hallmark-web", settings, telemetry)
    url = f"http://{settings.host}:{settings.web_http_port}"
    try:
        async with (
            web_service(runtime),
            httpx.AsyncClient(base_url=url, timeout=10) as http,
            grpc.aio.insecure_channel(settings.target("web")) as channel,
        ):
            yield Web(runtime, http, PredictionServiceStub(channel), exporter, metrics)
            await runtime.drain()
    finally:
        await runtime.close()
        await asyncio.to_thread(telemetry.shutdown)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_peers() -> AsyncIterator[tuple[PreprocessPeer, QoaPeer]]:
    """Both peers, not started."""
    yield PreprocessPeer(), QoaPeer()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(
    make_settings: Callable[..., Settings], module_peers: tuple[PreprocessPeer, QoaPeer]
) -> AsyncIterator[Web]:
    """The web service of a test module, between its peers."""
    settings = make_settings(max_request_bytes=64 * 1024, max_instances=16)
    async with running_peers(settings, *module_peers), running_web(settings) as running:
        yield running


@pytest.fixture
def preprocess(module_peers: tuple[PreprocessPeer, QoaPeer]) -> PreprocessPeer:
    """The preprocess peer, with nothing remembered of the test before."""
    module_peers[0].reset()
    return module_peers[0]


@pytest.fixture
def qoa(module_peers: tuple[PreprocessPeer, QoaPeer]) -> QoaPeer:
    """The QoA peer, with nothing remembered of the test before."""
    module_peers[1].reset()
    return module_peers[1]


@dataclass(frozen=True)
class Own:
    """A web service of a test's own."""

    web: Web
    preprocess: PreprocessPeer
    qoa: QoaPeer


@pytest.fixture
def own_web(make_settings: Callable[..., Settings]) -> Callable[..., Any]:
    """``async with own_web(setting=…) as own``: a service with other settings, or one to be drained."""

    @asynccontextmanager
    async def run(*, peers: bool = True, **changed: Any) -> AsyncIterator[Own]:
        settings, preprocess, qoa = make_settings(**changed), PreprocessPeer(), QoaPeer()
        if not peers:
            async with running_web(settings) as running:
                yield Own(running, preprocess, qoa)
            return
        async with running_peers(settings, preprocess, qoa), running_web(settings) as running:
            yield Own(running, preprocess, qoa)

    return run


@pytest.fixture
def peers() -> Callable[[Settings], Any]:
    """``async with peers(settings) as (preprocess, qoa)``: both peers, for a web process of a test's own."""

    @asynccontextmanager
    async def run(settings: Settings) -> AsyncIterator[tuple[PreprocessPeer, QoaPeer]]:
        preprocess, qoa = PreprocessPeer(), QoaPeer()
        async with running_peers(settings, preprocess, qoa):
            yield preprocess, qoa

    return run


@pytest.fixture
def answer() -> Callable[..., preprocess_pb2.PredictResponse]:
    """What preprocess answers where a test does not say."""
    return answer_of


@pytest.fixture
def stop_on_hang() -> Iterator[asyncio.Event]:
    """An event that a behaviour waits for; set at the end, so that nothing hangs on it."""
    event = asyncio.Event()
    yield event
    event.set()
