"""Which programs make up a stack, and in which order they start and stop."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hallmark_cli.stack.environment import parts_environ
from hallmark_cli.stack.part import Part, Site
from hallmark_cli.stack.parts.alertmanager import alertmanager
from hallmark_cli.stack.parts.collector import collector
from hallmark_cli.stack.parts.opa import opa
from hallmark_cli.stack.parts.postgres import postgres
from hallmark_cli.stack.parts.prometheus import prometheus
from hallmark_cli.stack.parts.rabbitmq import epmd, rabbitmq
from hallmark_cli.stack.parts.tempo import has_tempo, tempo
from hallmark_cli.stack.readiness import until_part_ready
from hallmark_cli.up.program import SERVICES, Program, service_program
from hallmark_common.settings import Settings

STARTS_AFTER = {
    "rabbitmq": ("epmd",),
    "collector": ("rabbitmq",),
    "qoa": ("rabbitmq", "postgres", "opa", "collector"),
    # Their spans would wait for the collector anyway, and their logs would say that nobody takes them.
    "web": ("collector",),
    "preprocess": ("collector",),
    "inference": ("collector",),
}
"""What a part needs from its first moment; the others start at once."""

STOPS_AFTER = {
    "preprocess": ("web",),
    "inference": ("preprocess",),
    # The last spans of the services, and then what the collector has of them, still become records.
    "collector": ("inference",),
    "qoa": ("collector",),
    "tempo": ("collector",),
    "prometheus": ("qoa",),
    "alertmanager": ("prometheus",),
    "rabbitmq": ("qoa",),
    "epmd": ("rabbitmq",),
    "postgres": ("qoa",),
    "opa": ("qoa",),
}
"""Who must have ended before a part is asked to end: whoever still sends something to it."""


def parts_of(site: Site) -> list[Part]:
    """The real parts, all of their files written; :class:`CliError` where a program is missing."""
    with_tempo = has_tempo()
    return [
        epmd(site),
        rabbitmq(site),
        prometheus(site, tempo=with_tempo),
        alertmanager(site),
        *([tempo(site)] if with_tempo else []),
        opa(site),
        collector(site, tempo=with_tempo),
        # The last one: at its first start it makes a database, which is in vain where another program is missing.
        postgres(site),
    ]


def programs_of(
    parts: list[Part], settings: Settings, logs: Mapping[str, Path], environ: Mapping[str, str]
) -> list[Program]:
    """Parts and services in their order; ``settings`` and ``environ`` are those of the services."""
    of_parts = parts_environ(environ)
    names = {*SERVICES, *(part.name for part in parts)}
    after = {name: _present(STARTS_AFTER.get(name, ()), names) for name in names}
    before = {name: _present(STOPS_AFTER.get(name, ()), names) for name in names}
    return [
        *(_program(part, logs[part.name], of_parts, after[part.name], before[part.name]) for part in parts),
        *(
            service_program(name, settings, logs[name], environ, starts_after=after[name], stops_after=before[name])
            for name in SERVICES
        ),
    ]


def _present(wanted: tuple[str, ...], names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name in names)


def _program(
    part: Part, log: Path, environ: Mapping[str, str], starts_after: tuple[str, ...], stops_after: tuple[str, ...]
) -> Program:
    account = part.account if os.geteuid() == 0 else ""
    launch = (sys.executable, "-m", "hallmark_cli.stack.launch", str(os.getpid()), account)
    return Program(
        name=part.name,
        command=(*launch, *part.command),
        environ={**environ, **part.environ},
        log=log,
        ready=lambda: until_part_ready(part),
        folder=part.folder,
        starts_after=starts_after,
        stops_after=stops_after,
        stop_signal=part.stop_signal,
        stop_again=part.stop_again,
        stop_timeout_s=part.stop_timeout_s,
        clean_exits=part.clean_exits,
    )
