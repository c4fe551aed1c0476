"""When is a service ready? When its own health check says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hallmark_cli.up.elsewhere import targets_elsewhere
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
    await poll(lambda: is_open(host, port))
    async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        await poll(lambda: _serving(stub))
    if service == "web":
        await poll(lambda: _predicts(settings))


def explainer(settings: Settings) -> Callable[[Collection[str]], Awaitable[str]]:
    """What keeps programs of given names from being ready, and where their logs are, in one line."""

    async def explain(names: Collection[str]) -> str:
        return f"{await not_ready(names, settings)}; logs: {settings.state_dir / 'logs'}"

    return explain


async def not_ready(services: Collection[str], settings: Settings) -> str:
    """What keeps services from being ready, in one line: which, what /readyz says, what is called elsewhere."""
    said = [", ".join(sorted(services)) + (" is" if len(services) == 1 else " are") + " not ready"]
    _, body = await http_get(settings.host, settings.web_http_port, "/readyz")
    said += [f"/readyz says {state}" for state in [_not_serving(body)] if state]
    said += [f"{target} is not what was started here" for target in targets_elsewhere(settings)]
    return "; ".join(said)


def _not_serving(body: bytes) -> str:
    """The services that a body of /readyz calls anything but SERVING, empty where it names none."""
    try:
        services = json.loads(body)["services"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return ", ".join(f"{service} {state}" for service, state in services if state != "SERVING")


async def poll(check: Callable[[], Awaitable[bool]]) -> None:
    """Return once a check succeeds."""
    while True:
        if await check():
            return
        await asyncio.sleep(POLL_S)


async def is_open(host: str, port: int) -> bool:
    """Whether somebody listens on a port."""
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


async def _predicts(settings: Settings) -> bool:
    status, _ = await http_get(settings.host, settings.web_http_port, "/readyz")
    return status == b"200"


async def http_get(host: str, port: int, path: str) -> tuple[bytes, bytes]:
    """Status and body, empty without an answer; by hand, as an HTTP client would cost more start-up than it saves."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
    except (OSError, TimeoutError):
        return b"", b""
    return b"".join(head.split()[1:2]), body
