"""The web service as operators see it: health, readiness, ports, drain."""

import asyncio
import socket
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from hallmark_common.errors import PortTakenError
from hallmark_common.settings import Settings
from hallmark_web.health import LIFETIME_S, Readiness
from hallmark_web.http_server import bind_port
from tests.support.ports import taken_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"instances": [1]}
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.usefixtures("preprocess")
async def test_alive_with_what_became_of_its_spans(web: Any) -> None:
    await web.http.post("/v1/models/m:predict", json=BODY)
    await eventually(lambda: web.runtime.telemetry.stats().sent)

    told = (await web.http.get("/healthz")).json()

    assert told["status"] == "alive"
    assert told["telemetry"]["made"] >= told["telemetry"]["sent"] > 0
    assert told["telemetry"]["dropped"] == {}


async def test_ready_when_everything_behind_serves(web: Any) -> None:
    response = await web.http.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "services": {"web": "SERVING", "preprocess": "SERVING", "inference": "SERVING"},
    }


async def test_not_ready_without_the_services_behind_says_which(own_web: Any) -> None:
    async with own_web(peers=False) as own:
        response = await own.web.http.get("/readyz")
        alive = await own.web.http.get("/healthz")

    assert response.status_code == 503
    assert response.json()["services"] == {
        "web": "SERVING",
        "preprocess": "UNREACHABLE",
        "inference": "UNREACHABLE",
    }
    assert alive.status_code == 200


async def test_readiness_is_asked_again_once_it_is_old() -> None:
    now = [0.0]
    server, health = grpc.aio.server(), HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        readiness = Readiness({"preprocess": channel}, asyncio.Event(), clock=lambda: now[0])
        await health.set("", SERVING)
        assert (await readiness.services())["preprocess"] == "SERVING"
        await health.set("", NOT_SERVING)
        assert (await readiness.services())["preprocess"] == "SERVING"
        now[0] += LIFETIME_S
        assert (await readiness.services())["preprocess"] == "NOT_SERVING"
    await server.stop(None)


async def test_a_drain_refuses_new_work_and_finishes_the_old(own_web: Any) -> None:
    gate = asyncio.Event()
    async with own_web(drain_timeout_s=5) as own:
        own.preprocess.hold(gate)
        settings = own.web.runtime.settings
        running = asyncio.create_task(own.web.http.post("/v1/models/m:predict", json=BODY))
        await eventually(lambda: own.preprocess.running == 1)
        async with httpx.AsyncClient(base_url=str(own.web.http.base_url)) as probe:
            assert (await probe.get("/readyz")).status_code == 200
            own.web.runtime.draining.set()
            # Whoever is connected is served, and told to leave, before any connection is closed.
            while (ready := await probe.get("/readyz")).headers.get("connection") != "close":
                assert ready.status_code == 503
            assert ready.json()["services"]["web"] == "DRAINING"
        await eventually(lambda: _refuses(settings))
        assert not running.done()
        gate.set()
        response = await running

    assert response.status_code == 200


def _refuses(settings: Settings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((settings.host, settings.web_http_port)) != 0


@pytest.mark.parametrize("field", ["web_http_port", "web_grpc_port"])
async def test_a_taken_port_names_its_setting(own_web: Any, field: str) -> None:
    with taken_port() as taken, pytest.raises(PortTakenError, match=f"HALLMARK_{field.upper()}: port {taken}"):
        async with own_web(peers=False, **{field: taken}):
            pass


async def test_a_port_is_free_again_after_the_service(make_settings: Any) -> None:
    settings = make_settings()
    for _ in range(2):
        bind_port(settings, "web_http_port").close()
