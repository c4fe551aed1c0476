"""`hallmark up`: web, preprocess, inference and qoa as four processes, until Ctrl-C."""

import asyncio
import time
from pathlib import Path

import typer

from hallmark_cli import output
from hallmark_cli.errors import CliError
from hallmark_cli.up.ports import check_ports
from hallmark_cli.up.supervisor import supervise
from hallmark_cli.up.terminal import foreground
from hallmark_common.model_spec import ModelSpec, load_models
from hallmark_common.settings import Settings, load_settings

app = typer.Typer(rich_markup_mode=None)


@app.command()
def up() -> None:
    """Start everything in the foreground; Ctrl-C drains and ends it."""
    settings = load_settings()
    models = load_models(settings.models_dir)
    check_ports(settings)
    _check_state_dir(settings.state_dir)
    with foreground():
        code = asyncio.run(_run(settings, models))
    raise typer.Exit(code)


async def _run(settings: Settings, models: dict[str, ModelSpec]) -> int:
    console = output.stdout()
    started_s = time.monotonic()

    def say(line: str) -> None:
        console.print(line, markup=False)

    def when_ready() -> None:
        for line in banner(settings, models, time.monotonic() - started_s):
            say(line)

    say("starting web, preprocess, inference and qoa")
    code = await supervise(settings, say, when_ready)
    say("stopped" if code == 0 else "killed")
    return code


def banner(settings: Settings, models: dict[str, ModelSpec], took_s: float) -> list[str]:
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
    return [
        f"Hallmark is ready after {took_s:.1f} s: {', '.join(sorted(models))}",
        *(f"  {name:<9}{place}" for name, place in places.items()),
        f"Try:       {_suggestion(models)}",
        "Ctrl-C drains and stops.",
    ]


def _suggestion(models: dict[str, ModelSpec]) -> str:
    """One command that works at once where there is a sample to replay, else what to fill in."""
    for name in sorted(models):
        if models[name].sample:
            return f"hallmark replay {name} --rate 50 --duration 10, and hallmark predict {name} FILE"
    return f"hallmark predict {min(models)} FILE"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def _check_state_dir(folder: Path) -> None:
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(f"{folder}: cannot be made ({error.strerror}); set HALLMARK_STATE_DIR to another") from None
