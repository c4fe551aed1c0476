"""``python -m hallmark_web`` as a process: with the global providers, uvloop and signals that it really has."""

import asyncio
import signal
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from hallmark_common.settings import Settings
from tests.support.ports import taken_port
from tests.support.service import service_process

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"instances": [1]}


def process(settings: Settings) -> AbstractAsyncContextManager[Process]:
    return service_process("hallmark_web", **settings.model_dump())


async def ready(client: httpx.AsyncClient, started: Process) -> None:
    async with asyncio.timeout(30):
        while started.returncode is None:
            try:
                await client.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return
    raise AssertionError(await started.stderr.read())


async def test_a_prediction_and_a_drain(make_settings: Any, peers: Any) -> None:
    # The identity does not depend on telemetry, and nobody receives any here.
    settings = make_settings(telemetry=False)
    async with peers(settings) as (preprocess, _), process(settings) as started:
        url = f"http://127.0.0.1:{settings.web_http_port}"
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            await ready(client, started)
            claims = {"baggage": "hallmark.consumer=root,team=blue", "hallmark-consumer": "ops"}
            response = await client.post("/v1/models/m:predict", json=BODY, headers=claims)
        started.send_signal(signal.SIGTERM)
        exit_code = await asyncio.wait_for(started.wait(), 10)

    assert response.status_code == 200
    prediction_id = response.json()["prediction_id"]
    assert prediction_id == response.headers["hallmark-prediction-id"]
    assert prediction_id in response.headers["traceparent"]
    baggage = dict(entry.split("=") for entry in preprocess.metadata[0]["baggage"].split(","))
    assert baggage == {"team": "blue", "hallmark.prediction": prediction_id, "hallmark.consumer": "ops"}
    assert exit_code == 0


async def test_a_taken_port_is_one_line_and_exit_code_1(make_settings: Any) -> None:
    with taken_port() as taken:
        settings = make_settings(web_http_port=taken, telemetry=False)
        async with process(settings) as started:
            _, stderr = await asyncio.wait_for(started.communicate(), 30)

    assert started.returncode == 1
    (line,) = stderr.decode().splitlines()
    assert "HALLMARK_WEB_HTTP_PORT" in line
