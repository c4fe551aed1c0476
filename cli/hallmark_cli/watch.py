"""`hallmark watch`: records as they are stored, or verdicts as they change, one line each, until Ctrl-C."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import grpc
import typer
from rich.text import Text

from hallmark.qoa.v1.qoa_pb2 import (
    RecordFilter,
    WatchRecordsRequest,
    WatchRecordsResponse,
    WatchVerdictsRequest,
    WatchVerdictsResponse,
)
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli import options, output
from hallmark_cli.client import channel_to, require_ready
from hallmark_cli.errors import CliError
from hallmark_cli.render.record import record_line
from hallmark_cli.render.verdict import change_line
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.records import record_to_dict
from hallmark_common.reports import change_to_dict
from hallmark_common.settings import Settings, load_settings

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

Request = WatchRecordsRequest | WatchVerdictsRequest
Event = WatchRecordsResponse | WatchVerdictsResponse

BACKOFF_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses before trying again; the last one for ever."""

LOST = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN})
"""How a stream ends whose server went away; anything else is an answer to the question itself."""

app = make_app()


@app.command(cls=Command)
def watch(
    *,
    consumer: Annotated[str, typer.Option(metavar="NAME", help="Only what is of this consumer.")] = "",
    model: Annotated[str, typer.Option(metavar="MODEL", help="Only what is of this model.")] = "",
    violations: Annotated[
        bool, typer.Option("--violations", help="Follow verdicts as they change: violations and recoveries.")
    ] = False,
    silenced: Annotated[
        bool, typer.Option("--silenced", help="With --violations: also what contracts silence.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Follow records, or verdicts as they change, until Ctrl-C."""
    request: Request
    if violations:
        request = WatchVerdictsRequest(consumer=consumer, model=model, silenced=silenced)
    elif silenced:
        raise CliError("--silenced: only together with --violations", exit_code=2)
    else:
        request = WatchRecordsRequest(filter=RecordFilter(consumer=consumer, model=model))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(load_settings(), request, as_json))


async def _watch(settings: Settings, request: Request, as_json: bool) -> None:
    """Follow for ever. The first connection must succeed; a lost one is made again."""
    connected = False
    failures = 0
    target = settings.target("qoa")
    while True:
        async with channel_to(settings, "qoa") as channel:
            if await _connected(channel, settings, first=not connected):
                output.note("connected again" if connected else f"watching {target}; Ctrl-C ends it")
                connected, failures = True, 0
                await _follow(channel, request, as_json)
        if failures == 0:
            output.note(f"lost qoa at {target}; trying again until it is back")
        await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
        failures += 1


async def _connected(channel: grpc.aio.Channel, settings: Settings, *, first: bool) -> bool:
    try:
        await require_ready(channel, settings, "qoa")
    except CliError:
        if first:
            raise
        return False
    return True


async def _follow(channel: grpc.aio.Channel, request: Request, as_json: bool) -> None:
    """Show events until the stream is lost."""
    try:
        async for event in _events(QoaServiceStub(channel), request):
            show(event, as_json)
    except grpc.aio.AioRpcError as error:
        if error.code() not in LOST:
            raise


def _events(stub: "QoaServiceAsyncStub", request: Request) -> AsyncIterator[Event]:
    if isinstance(request, WatchVerdictsRequest):
        return aiter(stub.WatchVerdicts(request))
    return aiter(stub.WatchRecords(request))


def show(event: Event, as_json: bool) -> None:
    """One event: a record or a change on stdout, how many were missed on stdout as JSON and on stderr for people."""
    what = "records" if isinstance(event, WatchRecordsResponse) else "changes"
    if event.WhichOneof("event") == "missed":
        if as_json:
            output.write_json({"missed": event.missed})
        else:
            output.note(f"missed {event.missed} {what}: they came faster than they were read")
    elif as_json:
        output.write_json(_as_dict(event))
    else:
        output.write_lines([_as_line(event)])


def _as_dict(event: Event) -> dict[str, Any]:
    if isinstance(event, WatchRecordsResponse):
        return record_to_dict(event.record)
    return change_to_dict(event.change)


def _as_line(event: Event) -> Text:
    return record_line(event.record) if isinstance(event, WatchRecordsResponse) else change_line(event.change)
