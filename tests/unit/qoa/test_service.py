"""The whole service: OTLP in over real ports, records out over gRPC, and an orderly end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from hallmark.qoa.v1.qoa_pb2 import (
    GetRecordRequest,
    GetReportRequest,
    ListRecordsRequest,
    RecordFilter,
    WatchRecordsRequest,
    WatchRecordsResponse,
)
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_common.errors import PortTakenError
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_qoa.service import qoa_service
from tests.support.errors import error_info
from tests.support.ports import free_port_settings, taken_port
from tests.support.waiting import SOON_S

PORTS = ("qoa_port", "otlp_grpc_port", "otlp_http_port")


@dataclass
class Service:
    runtime: Runtime
    stub: Any
    otlp: Any
    settings: Settings

    async def export(self, spans: list[Any]) -> ExportTraceServiceResponse:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.settings.otlp_grpc_port}") as channel:
            export = channel.unary_unary(
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                response_deserializer=ExportTraceServiceResponse.FromString,
            )
            return await export(self.otlp.request(spans), timeout=10)


def make_runtime(state_dir: Path) -> Runtime:
    settings = Settings(
        state_dir=state_dir,
        qoa_idle_timeout_s=0.5,
        qoa_retention_s=3650 * 86400,  # the spans of these tests are of a fixed day
        telemetry=False,
        **free_port_settings(),
    )
    return Runtime("hallmark-qoa", settings, Telemetry("hallmark-qoa", settings, span_exporter=None, metric_readers=()))


@contextlib.asynccontextmanager
async def running(state_dir: Path, otlp: Any) -> AsyncIterator[Service]:
    runtime = make_runtime(state_dir)
    settings = runtime.settings
    try:
        async with (
            qoa_service(runtime),
            grpc.aio.insecure_channel(f"127.0.0.1:{settings.qoa_port}") as channel,
        ):
            yield Service(runtime, QoaServiceStub(channel), otlp, settings)
            await runtime.drain()
    finally:
        await runtime.close()


@pytest.fixture
async def service(tmp_path: Path, otlp: Any) -> AsyncIterator[Service]:
    async with running(tmp_path / "state", otlp) as one:
        yield one


async def test_record_of_an_exported_prediction(service: Service) -> None:
    assert await service.export(service.otlp.prediction(1, 0x10)) == ExportTraceServiceResponse()
    name = service.otlp.name(1, 0x10)
    by_id = await service.stub.GetRecord(GetRecordRequest(prediction_id=name))
    by_trace = await service.stub.GetRecord(GetRecordRequest(prediction_id=name[:32]))
    assert by_id.record.complete
    assert by_id == by_trace


async def test_incomplete_record_comes_after_the_idle_timeout(service: Service) -> None:
    await service.export(service.otlp.prediction(1, 0x10)[:1])
    listed = await service.stub.ListRecords(ListRecordsRequest())
    async with asyncio.timeout(10):
        while not listed.records:
            await asyncio.sleep(0.02)
            listed = await service.stub.ListRecords(ListRecordsRequest())
    assert list(listed.records[0].missing_stages) == ["preprocess", "inference"]


async def test_trace_of_several_predictions_names_them(service: Service) -> None:
    await service.export(service.otlp.prediction(1, 0x100) + service.otlp.prediction(1, 0x200))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.stub.GetRecord(GetRecordRequest(prediction_id=f"{1:032x}"))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    for entry in (0x100, 0x200):
        assert service.otlp.name(1, entry) in str(caught.value.details())


@pytest.mark.parametrize("name", [f"{5:032x}", f"{5:032x}-{5:016x}"])
async def test_unknown_prediction_is_not_found(service: Service, name: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.stub.GetRecord(GetRecordRequest(prediction_id=name))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("prediction_id", GetRecordRequest()),
        ("prediction_id", GetRecordRequest(prediction_id="x" * 10_000)),
        ("prediction_id", GetRecordRequest(prediction_id="A" * 32)),
        ("page_size", ListRecordsRequest(page_size=1001)),
        ("page_token", ListRecordsRequest(page_token="x")),
        ("filter.status", ListRecordsRequest(filter=RecordFilter(status="FINE"))),
        ("filter.started_from", ListRecordsRequest(filter=RecordFilter(started_from={"seconds": 2**62}))),
        ("filter.started_before", ListRecordsRequest(filter=RecordFilter(started_before={"nanos": -1}))),
        ("window_s", GetReportRequest(window_s=7)),
        ("limit", GetReportRequest(limit=10_001)),
        ("before", GetReportRequest(before={"nanos": -1})),
        *(
            ("figures", GetReportRequest(figures=[key]))
            for key in ("psii", "psi[", "", "response_time.p77", "x" * 9_999)
        ),
        ("figures", GetReportRequest(figures=["accuracy", "spread[nothing]"])),
    ],
)
async def test_wrong_requests_name_the_field(service: Service, field: str, request_: Any) -> None:
    call = getattr(service.stub, type(request_).__name__.removesuffix("Request"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_info(caught.value).metadata["field"] == field
    assert len(caught.value.details() or "") < 500


async def test_list_goes_through_all_pages(service: Service) -> None:
    for trace in range(1, 8):
        await service.export(service.otlp.prediction(trace))
    found: list[str] = []
    token = ""
    while True:
        page = await service.stub.ListRecords(ListRecordsRequest(page_size=3, page_token=token))
        found += [record.prediction_id for record in page.records]
        token = page.next_page_token
        if not token:
            break
    assert found == [service.otlp.name(trace, 0x10) for trace in range(1, 8)]  # all started at the same time


async def test_drain_ends_watches_cleanly_and_stores_what_waits(tmp_path: Path, otlp: Any) -> None:
    async with running(tmp_path / "state", otlp) as one:
        watch = one.stub.WatchRecords(WatchRecordsRequest())
        events: list[WatchRecordsResponse] = []

        async def follow() -> None:
            async for event in watch:
                events.append(event)

        follower = asyncio.create_task(follow())
        async with asyncio.timeout(SOON_S):
            await watch.initial_metadata()
            await one.export(otlp.prediction(2))
            while not events:
                await asyncio.sleep(0.01)
        await one.export(otlp.prediction(99)[:1])
        one.runtime.draining.set()
        async with asyncio.timeout(SOON_S):
            await follower
        assert await watch.code() is grpc.StatusCode.OK
    async with running(tmp_path / "state", otlp) as again:
        response = await again.stub.GetRecord(GetRecordRequest(prediction_id=otlp.name(99, 0x10)))
        assert not response.record.complete


@pytest.mark.parametrize("field", PORTS)
async def test_taken_port_is_one_clear_line(tmp_path: Path, field: str) -> None:
    runtime = make_runtime(tmp_path)
    with taken_port() as port:
        runtime.settings = runtime.settings.model_copy(update={field: port})
        with pytest.raises(PortTakenError, match=f"HALLMARK_{field.upper()}: port {port}"):
            async with qoa_service(runtime):
                pass
    await runtime.close()
