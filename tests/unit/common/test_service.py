"""The life of a service, as a real process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hallmark_common.errors import DETAILS_KEY
from tests.support.command import PATIENCE_S

SCRIPT = Path(__file__).with_name("slow_service.py")
Status = health_pb2.HealthCheckResponse.ServingStatus


class Process:
    """The service in a process of its own."""

    def __init__(self, port: int, *arguments: str, **environ: str) -> None:
        self.target = f"127.0.0.1:{port}"
        settings = {"HALLMARK_QOA_PORT": str(port), "HALLMARK_TELEMETRY": "false", **environ}
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def health(self, service: str = "") -> Any:
        async with grpc.aio.insecure_channel(self.target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=service)
            return (await stub.Check(request, timeout=PATIENCE_S, wait_for_ready=True)).status

    async def exit(self) -> int:
        return await asyncio.to_thread(self.process.wait, PATIENCE_S)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.process.kill()
        process.process.communicate()


async def test_health_reflection_and_drain(processes: list[Process], free_port: int, tmp_path: Path) -> None:
    processes.append(service := Process(free_port))
    assert await service.health() == Status.SERVING
    assert await service.health("test.v1.Test") == Status.SERVING
    gate = tmp_path / "gate"
    async with grpc.aio.insecure_channel(service.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
        assert (await watch.read()).status == Status.SERVING
        call = channel.unary_unary("/test.v1.Test/Wait")(str(gate).encode())
        probe = channel.unary_unary("/test.v1.Test/Wait")
        here = tmp_path / "here"
        here.write_bytes(b"y")
        assert await probe(str(here).encode()) == b"y"
        service.process.send_signal(signal.SIGTERM)
        assert (await watch.read()).status == Status.NOT_SERVING
        gate.write_bytes(b"accepted, so answered")
        assert await call == b"accepted, so answered"
        watch.cancel()
    assert await service.exit() == 0
    lines = [json.loads(line) for line in service.process.stdout]  # type: ignore[union-attr]  # a pipe
    assert [line["message"] for line in lines][-2:] == ["hallmark-test drains", "hallmark-test has stopped"]
    assert lines[0]["service"] == "hallmark-test"


async def test_a_second_signal_does_not_wait(processes: list[Process], free_port: int, tmp_path: Path) -> None:
    processes.append(service := Process(free_port, HALLMARK_DRAIN_TIMEOUT_S="600"))
    async with grpc.aio.insecure_channel(service.target) as channel:
        call = channel.unary_unary("/test.v1.Test/Wait")(str(tmp_path / "never").encode(), wait_for_ready=True)
        health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
        assert (await health.read()).status == Status.SERVING
        service.process.send_signal(signal.SIGTERM)
        assert (await health.read()).status == Status.NOT_SERVING
        service.process.send_signal(signal.SIGTERM)
        assert await service.exit() == 128 + signal.SIGTERM
        call.cancel()
        health.cancel()


async def test_what_does_not_finish_in_time_is_cancelled(
    processes: list[Process], free_port: int, tmp_path: Path
) -> None:
    processes.append(service := Process(free_port, HALLMARK_DRAIN_TIMEOUT_S="0.2"))
    async with grpc.aio.insecure_channel(service.target) as channel:
        call = channel.unary_unary("/test.v1.Test/Wait")(str(tmp_path / "never").encode(), wait_for_ready=True)
        # On the same connection, behind the call: that has been accepted.
        health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
        assert (await health.read()).status == Status.SERVING
        service.process.send_signal(signal.SIGTERM)
        with pytest.raises(grpc.aio.AioRpcError):
            await call
        health.cancel()
    assert await service.exit() == 0


@pytest.mark.parametrize("name", ["QOA_PORT", "LOG_LEVEL"])
async def test_a_wrong_setting_is_one_line(processes: list[Process], free_port: int, name: str) -> None:
    processes.append(service := Process(free_port, **{f"HALLMARK_{name}": "wrong"}))
    _, stderr = await asyncio.to_thread(service.process.communicate, timeout=PATIENCE_S)
    assert service.process.returncode == 1
    assert stderr.startswith(f"hallmark-test: HALLMARK_{name}='wrong': ")
    assert stderr.count("\n") == 1


async def test_a_taken_port_names_its_setting(processes: list[Process]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        processes.append(service := Process(port))
        _, stderr = await asyncio.to_thread(service.process.communicate, timeout=PATIENCE_S)
    assert service.process.returncode == 1
    assert stderr.startswith(f"hallmark-test: HALLMARK_QOA_PORT: port {port} on 127.0.0.1 is taken")
    assert stderr.count("\n") == 1


async def test_a_port_of_a_running_service_is_taken_too(processes: list[Process], free_port: int) -> None:
    processes.append(first := Process(free_port))
    assert await first.health() == Status.SERVING
    processes.append(second := Process(free_port))
    _, stderr = await asyncio.to_thread(second.process.communicate, timeout=PATIENCE_S)
    assert second.process.returncode == 1
    assert stderr.startswith(f"hallmark-test: HALLMARK_QOA_PORT: port {free_port} on 127.0.0.1 is taken")
    assert stderr.count("\n") == 1


async def test_a_fault_of_start_up_is_one_line(processes: list[Process], free_port: int) -> None:
    processes.append(service := Process(free_port, "--broken"))
    _, stderr = await asyncio.to_thread(service.process.communicate, timeout=PATIENCE_S)
    assert service.process.returncode == 1
    assert stderr == "hallmark-test: models/x/model.yaml: input.kind: field required; see docs/model-yaml.md\n"


async def test_with_nobody_to_receive_telemetry_it_serves_and_stops_in_time(
    processes: list[Process], free_port: int, tmp_path: Path
) -> None:
    dead = {"HALLMARK_TELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    processes.append(service := Process(free_port, **dead))
    here = tmp_path / "here"
    here.write_bytes(b"y")
    async with grpc.aio.insecure_channel(service.target) as channel:
        for _ in range(20):
            wait = channel.unary_unary("/test.v1.Test/Wait")
            assert await wait(str(here).encode(), wait_for_ready=True, timeout=PATIENCE_S) == b"y"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/test.v1.Test/Wait")(b"\xff", timeout=PATIENCE_S)
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert DETAILS_KEY in dict(caught.value.trailing_metadata())
    service.process.send_signal(signal.SIGTERM)
    assert await service.exit() == 0
    messages = [json.loads(line)["message"] for line in service.process.stdout]  # type: ignore[union-attr]  # a pipe
    assert any("telemetry cannot be sent" in message for message in messages)
    assert "spans: made 21, sent 0, dropped {'shutdown': 21}" in messages
