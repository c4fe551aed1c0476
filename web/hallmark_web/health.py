"""Whether the process lives, and whether it can predict."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import grpc
from fastapi import APIRouter
from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.responses import JSONResponse

from hallmark_common.export import SpanStats
from hallmark_web.schemas import HealthAnswer, ReadyAnswer

LIFETIME_S = 1.0
TIMEOUT_S = 1.0
SERVING = "SERVING"
DRAINING = "DRAINING"
UNREACHABLE = "UNREACHABLE"


class Readiness:
    """What the services behind web say of themselves, at most ``LIFETIME_S`` old.

    ``channels`` are untraced ones by service name: a probe is no part of any request.
    """

    def __init__(
        self,
        channels: Mapping[str, grpc.aio.Channel],
        draining: asyncio.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Generated for sync and aio channels alike, but annotated for neither.
        self._stubs = {name: health_pb2_grpc.HealthStub(channel) for name, channel in channels.items()}
        self._draining = draining
        self._clock = clock
        self._known: dict[str, str] = {}
        self._until_s = 0.0
        self._asking = asyncio.Lock()

    async def services(self) -> dict[str, str]:
        """Health by service, web included: a status name of grpc.health.v1, UNREACHABLE, or DRAINING."""
        async with self._asking:
            if self._clock() >= self._until_s:
                states = await asyncio.gather(*(self._ask(stub) for stub in self._stubs.values()))
                self._known = dict(zip(self._stubs, states, strict=True))
                self._until_s = self._clock() + LIFETIME_S
        return {"web": DRAINING if self._draining.is_set() else SERVING, **self._known}

    async def _ask(self, stub: Any) -> str:
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return UNREACHABLE
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def health_routes(readiness: Readiness, stats: Callable[[], SpanStats]) -> APIRouter:
    """``GET /healthz`` and ``GET /readyz``."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Alive", responses={200: {"model": HealthAnswer}})
    async def healthz() -> Any:
        return JSONResponse({"status": "alive", "telemetry": asdict(stats())})

    @router.get(
        "/readyz", summary="Ready to predict", responses={200: {"model": ReadyAnswer}, 503: {"model": ReadyAnswer}}
    )
    async def readyz() -> Any:
        services = await readiness.services()
        ready = all(state == SERVING for state in services.values())
        return JSONResponse({"ready": ready, "services": services}, 200 if ready else 503)

    return router
