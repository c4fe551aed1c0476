"""`hallmark up`: web, preprocess, inference and qoa as four processes, until Ctrl-C."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import typer

from hallmark_cli import output
from hallmark_cli.typer_app import Command, make_app
from hallmark_cli.up.children import fresh_logs
from hallmark_cli.up.elsewhere import telemetry_elsewhere
from hallmark_cli.up.ports import check_ports
from hallmark_cli.up.supervisor import supervise
from hallmark_cli.up.terminal import foreground
from hallmark_common.model_spec import ModelSpec, load_models
from hallmark_common.settings import Settings, load_settings
from hallmark_qoa.lock import only_engine_of

app = make_app()


@app.command(cls=Command)
def up() -> None:
    """Start everything in the foreground; Ctrl-C drains and ends it."""
    settings = load_settings()
    models = load_models(settings.models_dir)
    check_ports(settings)
    with only_engine_of(settings.state_dir):
        # For this moment only, then the engine takes it: the logs of another that works there stay as they are.
        logs = fresh_logs(settings.state_dir)
    with foreground():
        code = asyncio.run(_run(settings, models, logs))
    raise typer.Exit(code)


async def _run(settings: Settings, models: dict[str, ModelSpec], logs: Mapping[str, Path]) -> int:
    console = output.stdout()
    started_s = time.monotonic()

    def say(line: str) -> None:
        console.print(line, markup=False)

    def when_ready() -> None:
        for line in banner(settings, models, time.monotonic() - started_s, os.environ):
            say(line)

    say("starting web, preprocess, inference and qoa")
    code = await supervise(settings, logs, say, when_ready)
    say("stopped" if code == 0 else "killed")
    return code


def banner(settings: Settings, models: dict[str, ModelSpec], took_s: float, environ: Mapping[str, str]) -> list[str]:
    """What a user wants to know once everything runs: where it is and what to try."""
    http = f"http://{_reachable(settings.host)}:{settings.web_http_port}"
    places = {
        "page": f"{http}/",
        "REST": f"{http}/v1/models/{{model}}:predict",
        "OpenAPI": f"{http}/docs",
        "gRPC": f"{_reachable(settings.host)}:{settings.web_grpc_port} (hallmark.web.v1.PredictionService)",
        "OIP": f"{_reachable(settings.host)}:{settings.inference_port} (inference.GRPCInferenceService)",
        "QoA": f"{_reachable(settings.host)}:{settings.qoa_port} (hallmark.qoa.v1.QoaService)",
        "OTLP": f"{_reachable(settings.host)}:{settings.otlp_grpc_port} (gRPC), {settings.otlp_http_port} (HTTP)",
        "logs": str((settings.state_dir / "logs").resolve()),
    }
    elsewhere = telemetry_elsewhere(settings, environ)
    if elsewhere:
        places["spans"] = f"{elsewhere}; the engine started here gets none of them, so no records are here"
    return [
        f"Hallmark is ready after {took_s:.1f} s: {', '.join(sorted(models))}",
        *(f"  {name:<9}{place}" for name, place in places.items()),
        f"Try:       {_suggestion(models)}",
        "Ctrl-C drains and stops.",
    ]


def _suggestion(models: dict[str, ModelSpec]) -> str:
    """One command that works at once where there is a sample to replay, else what to fill in."""
    hallmark = _as_called(sys.argv[0])
    for name in sorted(models):
        if models[name].sample:
            return f"{hallmark} replay {name} --rate 50 --duration 10, and {hallmark} predict {name} FILE"
    return f"{hallmark} predict {min(models)} FILE"


def _as_called(program: str) -> str:
    """How to call this program from the same folder: `make run` calls it by a path that is not on PATH."""
    path = Path(program)
    return program if path.name == "hallmark" and not path.is_absolute() else "hallmark"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
