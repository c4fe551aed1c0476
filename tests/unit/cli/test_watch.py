"""`hallmark watch` when the engine goes away, when it is too fast, and when it says no.

The engine is one of a few lines here: a real one cannot be told to drop records or to die in the middle of a stream.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import WatchRecordsRequest, WatchRecordsResponse
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer, add_QoaServiceServicer_to_server
from hallmark.qoa.v1.quality_pb2 import QualityRecord

DEADLINE_S = 60


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
def until(tmp_path: Path) -> Callable[[str, str], Any]:
    async def wait(file: str, text: str) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while text not in (tmp_path / file).read_text():
                await asyncio.sleep(0.02)

    return wait


def watch(environ: dict[str, str], folder: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "hallmark_cli", "watch", "--model", "m", *options]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        return subprocess.Popen(command, env=environ, stdout=out, stderr=err)


async def test_a_lost_engine_is_said_and_found_again(
    environ: dict[str, str], tmp_path: Path, until: Callable[[str, str], Any]
) -> None:
    port = environ["HALLMARK_QOA_PORT"]
    first = await serve(Engine("before"), port)
    process = watch(environ, tmp_path)
    try:
        await until("out", "before")
        await until("err", "missed 3 records")
        await first.stop(None)
        await until("err", f"lost qoa at 127.0.0.1:{port}; trying again in 0.5 s")
        second = await serve(Engine("after"), port)
        await until("err", "connected again")
        await until("out", "after")
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, DEADLINE_S) == 0
        await second.stop(None)
    finally:
        process.kill()
        process.wait(DEADLINE_S)


async def test_as_json_what_was_missed_is_a_line_too(
    environ: dict[str, str], tmp_path: Path, until: Callable[[str, str], Any]
) -> None:
    server = await serve(Engine("one"), environ["HALLMARK_QOA_PORT"])
    process = watch(environ, tmp_path, "--json")
    try:
        await until("out", '{"missed": 3}\n')
        assert (tmp_path / "out").read_text().startswith('{"prediction_id": "one", ')
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        await server.stop(None)


async def test_a_refusal_is_no_reason_to_try_again(environ: dict[str, str], tmp_path: Path) -> None:
    server = await serve(Engine("", grpc.StatusCode.INVALID_ARGUMENT), environ["HALLMARK_QOA_PORT"])
    process = watch(environ, tmp_path)
    assert await asyncio.to_thread(process.wait, DEADLINE_S) == 1
    assert (tmp_path / "err").read_text().splitlines()[-1].startswith("hallmark: INVALID_ARGUMENT: ")
    await server.stop(None)
