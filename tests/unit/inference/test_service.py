"""The service as it is run: built by the runtime, and as a process of its own."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common.errors import PortTakenError
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_inference.service import inference_service
from tests.support.service import service_process
from tests.support.waiting import eventually

INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture
def settings(models_dir: Path, free_port: int) -> Settings:
    return Settings(models_dir=models_dir, inference_port=free_port, inference_threads=1, telemetry=False)


@asynccontextmanager
async def runtime_of(settings: Settings) -> AsyncIterator[Runtime]:
    telemetry = Telemetry("hallmark-inference", settings, span_exporter=None, metric_readers=())
    runtime = Runtime("hallmark-inference", settings, telemetry)
    yield runtime
    await runtime.close()
    telemetry.shutdown()


async def answer_of(port: int, request: oip.ModelInferRequest) -> list[float]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(INFER, oip.ModelInferRequest.SerializeToString, oip.ModelInferResponse.FromString)
        response = await call(request, wait_for_ready=True, timeout=20)
    return [float(x) for x in np.frombuffer(response.raw_output_contents[0], np.float32)]


async def test_it_serves_what_is_in_the_folder(settings: Settings, raw_request: Any) -> None:
    async with runtime_of(settings) as runtime, inference_service(runtime):
        request = raw_request("two-outputs", x=np.array([1, 2], np.float32))
        assert await answer_of(settings.inference_port, request) == [-1, -2]


async def test_a_port_already_taken(settings: Settings) -> None:
    async with runtime_of(settings) as first, inference_service(first), runtime_of(settings) as second:
        with pytest.raises(PortTakenError, match="HALLMARK_INFERENCE_PORT"):
            async with inference_service(second):
                pass


def process(models_dir: Path, port: int) -> AbstractAsyncContextManager[Process]:
    return service_process(
        "hallmark_inference",
        models_dir=models_dir,
        inference_port=port,
        inference_threads=1,
        telemetry=False,
        drain_timeout_s=60,
    )


async def ended(started: Process) -> tuple[int | None, str]:
    async with asyncio.timeout(20):
        _, errors = await started.communicate()
    return started.returncode, errors.decode()


async def test_sigterm_finishes_what_was_accepted(models_dir: Path, free_port: int, raw_request: Any) -> None:
    async with process(models_dir, free_port) as started:
        await answer_of(free_port, raw_request("scalar", x=np.array(1, np.float32)))
        slow = raw_request("endless", rounds=np.array(3_000_000), x=np.array(0, np.float32))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{free_port}") as channel:
            stub = channel.unary_unary(
                INFER, oip.ModelInferRequest.SerializeToString, oip.ModelInferResponse.FromString
            )
            usage = psutil.Process(started.pid).cpu_times
            idle_s = usage().user
            accepted = stub(slow, timeout=60)
            # Nothing but that run takes so much: it has been accepted and is under way.
            await eventually(lambda: usage().user > idle_s + 0.2, "the slow run is under way")
            assert not accepted.done()
            started.send_signal(signal.SIGTERM)
            response = await accepted
        assert np.frombuffer(response.raw_output_contents[0], np.float32) == 3_000_000
        code, errors = await ended(started)
        assert code == 0, errors


async def test_a_broken_model_is_one_line(tmp_path: Path, free_port: int, make_model: Any) -> None:
    make_model(tmp_path / "m", {"1": b"no graph"})
    async with process(tmp_path, free_port) as started:
        code, errors = await ended(started)
    assert code == 1
    assert errors.count("\n") == 1
    assert str(tmp_path / "m" / "1" / "model.onnx") in errors
