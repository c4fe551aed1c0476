"""`hallmark up`: web, preprocess, inference and qoa as four processes, until Ctrl-C."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import typer

from hallmark_cli import output
from hallmark_cli.typer_app import Command, make_app
from hallmark_cli.up.banner import banner
from hallmark_cli.up.children import fresh_logs
from hallmark_cli.up.ports import check_ports, ports_of_services
from hallmark_cli.up.program import SERVICES, services_alone
from hallmark_cli.up.readiness import explainer
from hallmark_cli.up.speaker import Speaker
from hallmark_cli.up.supervisor import supervise
from hallmark_cli.up.terminal import foreground
from hallmark_common.lock import only_one
from hallmark_common.model_spec import ModelSpec, load_models
from hallmark_common.settings import Settings, load_settings

app = make_app()

STARTUP_TIMEOUT_S = 60.0
"""Far above the usual few seconds: a cold disk on a busy machine is slow, a hang is for ever."""


@app.command(cls=Command)
def up() -> None:
    """Start everything in the foreground; Ctrl-C drains and ends it."""
    settings = load_settings()
    models = load_models(settings.models_dir)
    check_ports(ports_of_services(settings))
    with only_one("engine", settings.state_dir):
        # For this moment only, then the engine takes it: the logs of another that works there stay as they are.
        logs = fresh_logs(settings.state_dir, SERVICES)
    with foreground():
        code = asyncio.run(_run(settings, models, logs))
    raise typer.Exit(code)


async def _run(settings: Settings, models: dict[str, ModelSpec], logs: Mapping[str, Path]) -> int:
    say = Speaker(output.stdout()).say
    started_s = time.monotonic()

    def when_ready() -> None:
        for line in banner(settings, models, time.monotonic() - started_s, os.environ):
            say(line)

    say("starting web, preprocess, inference and qoa")
    programs = services_alone(settings, logs, os.environ)
    code = await supervise(programs, say, when_ready, explainer(settings), STARTUP_TIMEOUT_S)
    say("stopped" if code == 0 else "killed")
    return code
