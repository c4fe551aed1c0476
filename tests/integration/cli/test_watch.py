"""`hallmark watch` when the engine goes away, when it is too fast, and when it says no.

The engine is one of a few lines here: a real one cannot be told to drop records or to die in the middle of a stream.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import WatchRecordsRequest, WatchRecordsResponse
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer, add_QoaServiceServicer_to_server
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from tests.support.command import PATIENCE_S, Command, environment
from tests.support.waiting import eventually


class Engine(QoaServiceServicer):
    """Sends one record and what was missed, then keeps the stream open."""

    def __init__(self, name: str, refusal: grpc.StatusCode | None = None) -> None:
        self.name = name
        self.refusal = refusal

    async def WatchRecords(self, request: WatchRecordsRequest, context: Any) -> AsyncIterator[WatchRecordsResponse]:
        assert request.filter.model == "m"
        if self.refusal is not None:
            await context.abort(self.refusal, "no")
        yield WatchRecordsResponse(record=QualityRecord(prediction_id=self.name, status="OK"))
        yield WatchRecordsResponse(missed=3)
        await asyncio.Event().wait()


async def serve(engine: Engine, port: str) -> grpc.aio.Server:
    server = grpc.aio.server()
    add_QoaServiceServicer_to_server(engine, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server


@pytest.fixture
def port(free_port: int) -> str:
    """Where `hallmark watch` looks for the engine."""
    return str(free_port)


@pytest.fixture
def watch(port: str, tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts `hallmark watch` for one model."""
    with ExitStack() as commands:
        environ = environment(qoa_port=port)
        yield lambda *options: commands.enter_context(Command(environ, tmp_path, "watch", "--model", "m", *options))


async def wait(check: Callable[[], bool]) -> None:
    await eventually(check, timeout_s=PATIENCE_S)


async def test_a_lost_engine_is_said_and_found_again(watch: Callable[..., Command], port: str) -> None:
    first = await serve(Engine("before"), port)
    command = watch()
    await wait(lambda: "before" in command.out)
    await wait(lambda: "missed 3 records" in command.err)
    await first.stop(None)
    await wait(lambda: f"lost qoa at 127.0.0.1:{port}; trying again until it is back" in command.err)
    second = await serve(Engine("after"), port)
    await wait(lambda: "connected again" in command.err)
    await wait(lambda: "after" in command.out)
    assert await asyncio.to_thread(command.stop) == 0
    await second.stop(None)


async def test_an_engine_that_stays_away_is_said_once(watch: Callable[..., Command], port: str) -> None:
    first = await serve(Engine("before"), port)
    command = watch()
    await wait(lambda: "before" in command.out)
    await first.stop(None)
    tries = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", int(port)):
        # Each try opens one connection, so with the second one the first has failed.
        await wait(lambda: tries == 2)
    assert command.err.count("lost qoa") == 1
    assert await asyncio.to_thread(command.stop) == 0


async def test_as_json_what_was_missed_is_a_line_too(watch: Callable[..., Command], port: str) -> None:
    server = await serve(Engine("one"), port)
    command = watch("--json")
    await wait(lambda: '{"missed": 3}\n' in command.out)
    assert command.out.startswith('{"prediction_id": "one", ')
    await server.stop(None)


async def test_a_refusal_is_no_reason_to_try_again(watch: Callable[..., Command], port: str) -> None:
    server = await serve(Engine("", grpc.StatusCode.INVALID_ARGUMENT), port)
    command = watch()
    assert await asyncio.to_thread(command.exit_code) == 1
    assert command.err.splitlines()[-1].startswith("hallmark: INVALID_ARGUMENT: ")
    await server.stop(None)
