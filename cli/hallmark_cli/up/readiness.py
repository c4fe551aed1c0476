"""When is a service ready? When its own health check says so."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hallmark_common.settings import Settings

POLL_S = 0.05
CALL_TIMEOUT_S = 2.0
GRPC_PORTS = {
    "web": "web_grpc_port",
    "preprocess": "preprocess_port",
    "inference": "inference_port",
    "qoa": "qoa_port",
}


async def until_ready(service: str, settings: Settings) -> None:
    """Return once the service answers SERVING over gRPC, and web 200 on /readyz too. Waits for ever."""
    host, port = settings.host, getattr(settings, GRPC_PORTS[service])
    # The port first: a channel that was refused once waits a second before it tries again.
    await _until(lambda: _open(host, port))
    async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        await _until(lambda: _serving(stub))
    if service == "web":
        await _until(lambda: _http_ok(host, settings.web_http_port, "/readyz"))


async def _until(check: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await check():
            return
        await asyncio.sleep(POLL_S)


async def _open(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def _serving(stub: health_pb2_grpc.HealthStub) -> bool:
    request = health_pb2.HealthCheckRequest(service="")
    try:
        check = stub.Check  # type: ignore[attr-defined]  # generated without types
        response = await check(request, timeout=CALL_TIMEOUT_S, wait_for_ready=True)
    except grpc.aio.AioRpcError:
        return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)


async def _http_ok(host: str, port: int, path: str) -> bool:
    """Whether GET answers 200; by hand, as an HTTP client would cost more start-up than it saves lines."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            status_line = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split()[1:2] == [b"200"]
