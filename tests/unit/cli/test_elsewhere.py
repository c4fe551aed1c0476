"""What `hallmark up` says of a service that is not ready, and of settings that point to other places."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hallmark_cli.up.banner import banner
from hallmark_cli.up.elsewhere import targets_elsewhere, telemetry_elsewhere
from hallmark_cli.up.readiness import not_ready
from hallmark_common.model_spec import load_models
from hallmark_common.settings import Settings
from tests.support.command import ROOT

GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT"
OF_SPANS = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize("here", ["", "localhost:50053", "127.0.0.1:50053"])
def test_a_target_that_is_this_machine_is_not_elsewhere(here: str) -> None:
    assert targets_elsewhere(Settings(inference_target=here)) == []
    assert targets_elsewhere(Settings(host="::1")) == []


@pytest.mark.parametrize("there", ["localhost:1", "other:50053", "[::1", "other"])
def test_a_target_elsewhere_is_named_with_its_setting(there: str) -> None:
    settings = Settings(inference_target=there, qoa_target="localhost:50054")
    assert targets_elsewhere(settings) == [f"HALLMARK_INFERENCE_TARGET={there}"]


def test_the_endpoint_of_spans_goes_before_the_general_one() -> None:
    there, further = "http://collector:4317", "http://other:4317"
    assert telemetry_elsewhere(Settings(), {GENERAL: there}) == f"{there} ({GENERAL})"
    assert telemetry_elsewhere(Settings(), {GENERAL: there, OF_SPANS: further}) == f"{further} ({OF_SPANS})"


def test_no_endpoint_the_engine_started_here_and_no_telemetry_are_not_elsewhere() -> None:
    assert telemetry_elsewhere(Settings(), {GENERAL: ""}) == ""
    assert telemetry_elsewhere(Settings(), {GENERAL: "http://localhost:4317"}) == ""
    assert telemetry_elsewhere(Settings(telemetry=False), {GENERAL: "http://collector:4317"}) == ""


def test_where_spans_go_is_one_line_among_the_places(settings: Settings) -> None:
    models = load_models(settings.models_dir)
    without = banner(settings, models, 1.0, {})
    (line,) = set(banner(settings, models, 1.0, {GENERAL: "http://collector:4317"})) - set(without)
    assert line.startswith(f"  spans     http://collector:4317 ({GENERAL}); the engine started here gets none")


def test_contracts_are_named_and_what_is_wrong_with_others(settings: Settings, tmp_path: Path) -> None:
    here = settings.model_copy(update={"contracts_dir": tmp_path})
    models = load_models(settings.models_dir)
    assert f"  contracts none in {tmp_path}" in banner(here, models, 1.0, {})
    shutil.copy(ROOT / "contracts" / "digits-page.yaml", tmp_path)
    shutil.copy(ROOT / "contracts" / "digits-page.yaml", tmp_path / "other.yaml")
    lines = banner(here, models, 1.0, {})
    place = lines.index("  contracts digits-page")
    (wrong,) = [line for line in lines[place:] if "other.yaml:" in line]
    assert wrong.endswith("; nothing is judged by it")


async def test_services_that_say_nothing_are_named(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"inference_target": "localhost:1"})
    assert await not_ready({"web", "qoa"}, elsewhere) == (
        "qoa, web are not ready; HALLMARK_INFERENCE_TARGET=localhost:1 is not what was started here"
    )


async def test_what_readyz_says_is_passed_on(settings: Settings) -> None:
    body = b'{"ready": false, "services": {"web": "SERVING", "inference": "UNREACHABLE"}}'
    answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\r\n" + body
    async with _answering(settings.web_http_port, answer):
        assert await not_ready({"web"}, settings) == "web is not ready; /readyz says inference UNREACHABLE"


async def test_an_answer_that_is_none_of_readyz_is_left_out(settings: Settings) -> None:
    async with _answering(settings.web_http_port, b"HTTP/1.1 200 OK\r\n\r\n[1]"):
        assert await not_ready({"web"}, settings) == "web is not ready"


@asynccontextmanager
async def _answering(port: int, answer: bytes) -> AsyncIterator[None]:
    """A server that says the same to whoever asks."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", port):
        yield
