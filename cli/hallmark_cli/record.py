"""`hallmark record PREDICTION_ID`: what happened to one request."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import grpc
import typer

from hallmark.qoa.v1.qoa_pb2 import GetRecordRequest
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli import options, output
from hallmark_cli.client import channel_to
from hallmark_cli.render.record import record_lines
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.records import record_to_dict
from hallmark_common.settings import Settings, load_settings

RETRY_S = 0.1
"""Pause between two looks; a record is there about a second after its answer."""

CALL_TIMEOUT_S = 10.0

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

app = make_app()


@app.command(cls=Command)
def record(
    prediction_id: options.PredictionId,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to wait for the record.")] = 5.0,
    as_json: options.Json = False,
) -> None:
    """Show the quality record of one prediction."""
    found = asyncio.run(_get(load_settings(), prediction_id, wait))
    if as_json:
        output.write_json(record_to_dict(found))
    else:
        output.write_lines(record_lines(found))


async def _get(settings: Settings, prediction_id: str, wait_s: float) -> QualityRecord:
    async with channel_to(settings, "qoa") as channel:
        return await _patiently(QoaServiceStub(channel), prediction_id, wait_s)


async def _patiently(stub: "QoaServiceAsyncStub", prediction_id: str, wait_s: float) -> QualityRecord:
    """Ask until the record is there; what NOT_FOUND says after wait_s is the answer."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + wait_s
    request = GetRecordRequest(prediction_id=prediction_id)
    while True:
        try:
            return (await stub.GetRecord(request, timeout=CALL_TIMEOUT_S)).record
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND or loop.time() >= deadline_s:
                raise
        await asyncio.sleep(RETRY_S)
