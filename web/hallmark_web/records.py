"""Quality records over HTTP, as the QoA engine has them. Nothing of this is on the path of a prediction."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import grpc
from fastapi import APIRouter, Path, Query
from starlette.responses import JSONResponse, StreamingResponse

from hallmark.qoa.v1 import qoa_pb2
from hallmark_common.errors import HallmarkError
from hallmark_common.records import record_to_dict
from hallmark_common.times import parse_time
from hallmark_web.downstream import downstream_error
from hallmark_web.openapi import RECORD_DOC, RECORDS_DOC, WATCH_DOC

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

logger = logging.getLogger(__name__)

WATCH_PATH = "/v1/records:watch"
HEARTBEAT_S = 15.0
FILTER = "filter."
SUBSCRIBED_WITHIN_S = 1.0
"""So long the engine has to say that it watches, or that it cannot, before the answer begins anyway."""

Answer = TypeVar("Answer")
WatchCall = grpc.aio.UnaryStreamCall[qoa_pb2.WatchRecordsRequest, qoa_pb2.WatchRecordsResponse]


def record_routes(
    qoa: "QoaServiceAsyncStub", timeout_s: float, draining: asyncio.Event, heartbeat_s: float = HEARTBEAT_S
) -> APIRouter:
    """``GET /v1/records``, ``/v1/records:watch`` and ``/v1/records/{prediction_id}``."""
    router = APIRouter(tags=["quality records"])

    @router.get("/v1/records", **RECORDS_DOC)
    async def list_records(
        *,
        consumer: str = "",
        model: str = "",
        status: Annotated[str, Query(description="gRPC status name.", examples=["OK"])] = "",
        started_from: Annotated[str, Query(description="RFC 3339, inclusive.")] = "",
        started_before: Annotated[str, Query(description="RFC 3339, exclusive.")] = "",
        page_size: Annotated[int, Query(ge=1, le=1000)] = 50,
        page_token: Annotated[str, Query(description="next_page_token of the page before.")] = "",
    ) -> Any:
        wanted = qoa_pb2.RecordFilter(consumer=consumer, model=model, status=status)
        if started_from:
            wanted.started_from.CopyFrom(parse_time("started_from", started_from))
        if started_before:
            wanted.started_before.CopyFrom(parse_time("started_before", started_before))
        request = qoa_pb2.ListRecordsRequest(filter=wanted, page_size=page_size, page_token=page_token)
        page = await _asked(qoa.ListRecords(request, timeout=timeout_s))
        records = [record_to_dict(record) for record in page.records]
        return JSONResponse({"records": records, "next_page_token": page.next_page_token})

    @router.get(WATCH_PATH, **WATCH_DOC)
    async def watch_records(consumer: str = "", model: str = "") -> Any:
        wanted = qoa_pb2.RecordFilter(consumer=consumer, model=model)
        call = qoa.WatchRecords(qoa_pb2.WatchRecordsRequest(filter=wanted))
        await _subscribed(call)
        return StreamingResponse(
            watch_events(call, draining, heartbeat_s),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    @router.get("/v1/records/{prediction_id}", **RECORD_DOC)
    async def get_record(
        prediction_id: Annotated[str, Path(description="A prediction id, or a trace id.", max_length=256)],
    ) -> Any:
        request = qoa_pb2.GetRecordRequest(prediction_id=prediction_id)
        answer = await _asked(qoa.GetRecord(request, timeout=timeout_s))
        return JSONResponse(record_to_dict(answer.record))

    return router


async def watch_events(call: WatchCall, draining: asyncio.Event, heartbeat_s: float) -> AsyncIterator[str]:
    """The server-sent events of a watch, until the engine or this service ends; leaving early ends the watch."""
    stop = asyncio.create_task(draining.wait())
    reading: asyncio.Task[Any] = asyncio.create_task(_read(call))
    try:
        yield ": watching\n\n"
        while True:
            done, _ = await asyncio.wait({stop, reading}, timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
            if stop in done:
                return
            if not done:
                yield ": alive\n\n"
                continue
            event = reading.result()
            if event is None:
                return
            reading = asyncio.create_task(_read(call))
            yield event_text(event)
    except grpc.aio.AioRpcError as error:
        # The status line has left long ago: the end of the stream tells the client, which comes again and gets a 503.
        logger.warning("a watch of records ended: %s", error.code().name)
    finally:
        call.cancel()
        stop.cancel()
        reading.cancel()
        await asyncio.gather(stop, reading, return_exceptions=True)


def event_text(event: qoa_pb2.WatchRecordsResponse) -> str:
    """One server-sent event (HTML Standard, section 9.2)."""
    if event.WhichOneof("event") == "missed":
        return f"event: missed\ndata: {json.dumps({'count': event.missed})}\n\n"
    return f"event: record\ndata: {json.dumps(record_to_dict(event.record))}\n\n"


async def _read(call: WatchCall) -> qoa_pb2.WatchRecordsResponse | None:
    event = await call.read()
    return event if isinstance(event, qoa_pb2.WatchRecordsResponse) else None


async def _subscribed(call: WatchCall) -> None:
    try:
        async with asyncio.timeout(SUBSCRIBED_WITHIN_S):
            await asyncio.shield(asyncio.ensure_future(call.initial_metadata()))
    except TimeoutError:
        return
    except asyncio.CancelledError:
        call.cancel()
        raise
    if call.done() and await call.code() is not grpc.StatusCode.OK:
        raise await _failure(call)


async def _failure(call: WatchCall) -> HallmarkError:
    error = grpc.aio.AioRpcError(
        await call.code(), await call.initial_metadata(), await call.trailing_metadata(), await call.details()
    )
    return _refusal(error)


async def _asked(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise _refusal(error) from error


def _refusal(error: grpc.aio.AioRpcError) -> HallmarkError:
    """The error to pass on; the fields of the message's filter are parameters of their own here."""
    known = downstream_error(error, "qoa")
    field = known.metadata.get("field", "").removeprefix(FILTER)
    return HallmarkError(
        known.code, known.reason, known.message.removeprefix(FILTER), {**known.metadata, "field": field}
    )
