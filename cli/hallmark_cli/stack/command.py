"""`hallmark stack`: the services with the real collector, RabbitMQ, PostgreSQL, Prometheus, Alertmanager and Tempo."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from hallmark_cli import output
from hallmark_cli.errors import CliError
from hallmark_cli.stack.environment import services_environ, settings_of_services
from hallmark_cli.stack.follow import Follower
from hallmark_cli.stack.part import Part, Site
from hallmark_cli.stack.places import places_of
from hallmark_cli.stack.plan import parts_of, programs_of
from hallmark_cli.stack.ports import ports_of_stack
from hallmark_cli.stack.secrets import for_containers
from hallmark_cli.stack.terminal import Terminal
from hallmark_cli.typer_app import Command, make_app
from hallmark_cli.up.banner import banner
from hallmark_cli.up.children import fresh_logs
from hallmark_cli.up.ports import check_ports
from hallmark_cli.up.program import SERVICES
from hallmark_cli.up.readiness import explainer
from hallmark_cli.up.supervisor import supervise
from hallmark_cli.up.terminal import foreground
from hallmark_common.lock import only_one
from hallmark_common.model_spec import ModelSpec, load_models
from hallmark_common.settings import load_settings

app = make_app()

FOLDER = "stack"
"""Of a stack in the state folder."""

STARTUP_TIMEOUT_S = 180.0
"""RabbitMQ alone takes 20 s on a busy machine."""


@app.command(cls=Command)
def stack(
    *,
    only_secrets: Annotated[bool, typer.Option("--only-secrets", help="Make the passwords for compose.yaml.")] = False,
) -> None:
    """Start everything and the real parts around it; Ctrl-C ends it."""
    settings = load_settings()
    if only_secrets:
        folder = for_containers((settings.state_dir / FOLDER).resolve())
        output.stdout().print(f"passwords are in {folder}", markup=False)
        return
    models = load_models(settings.models_dir)
    site = Site(project_folder(Path.cwd()), (settings.state_dir / FOLDER).resolve(), settings)
    with only_one("stack", site.state):
        check_ports(ports_of_stack(settings))
        environ = services_environ(site, os.environ)
        parts = parts_of(site)
        with foreground():
            code = asyncio.run(_run(site, parts, models, environ))
    raise typer.Exit(code)


def project_folder(folder: Path) -> Path:
    """The folder with the configuration of the parts; :class:`CliError` where this one is another."""
    if not (folder / "rabbitmq" / "topology.json").exists():
        raise CliError(f"no rabbitmq/topology.json in {folder}: run `hallmark stack` in the project's folder")
    return folder


async def _run(site: Site, parts: list[Part], models: dict[str, ModelSpec], environ: Mapping[str, str]) -> int:
    settings = settings_of_services(site)
    logs = fresh_logs(site.state, (*(part.name for part in parts), *SERVICES))
    terminal = Terminal(output.stdout(), tuple(logs))
    follower = Follower(logs, terminal.show)
    started_s = time.monotonic()

    def when_ready() -> None:
        follower.catch_up()
        for line in banner(settings, models, time.monotonic() - started_s, environ, places_of(site, parts)):
            terminal.say(line)

    terminal.say(f"starting {', '.join(logs)}")
    following = asyncio.create_task(follower.run())
    try:
        programs = programs_of(parts, settings, logs, environ)
        code = await supervise(programs, terminal.say, when_ready, explainer(settings), STARTUP_TIMEOUT_S)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        follower.catch_up()
    terminal.say("stopped" if code == 0 else "killed")
    return code
