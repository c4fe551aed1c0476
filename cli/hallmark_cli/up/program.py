"""What the supervisor is told of a process: how it is started, when it is ready, what it waits for."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hallmark_cli.up.readiness import until_ready
from hallmark_common.settings import Settings

SERVICES = ("web", "preprocess", "inference", "qoa")
"""In the order in which they are stopped: each before what it calls, so that accepted requests can end, and qoa last,
so that the spans of those requests still arrive."""

STOP_MARGIN_S = 10.0
"""Beyond the drain, for flushing telemetry and leaving."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process of a run."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    """All of its variables."""
    log: Path
    ready: Callable[[], Awaitable[None]]
    """Returns once it can be used, waits for ever otherwise."""
    folder: Path | None = None
    """The folder it runs in; that of this process where there is none."""
    starts_after: tuple[str, ...] = ()
    """Those that must be ready before it is started."""
    stops_after: tuple[str, ...] = ()
    """Those that must have ended before it is asked to end."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_again: bool = False
    """Whether that signal is sent again and again: a second one must mean nothing else to it."""
    stop_timeout_s: float = STOP_MARGIN_S
    """From that signal to SIGKILL."""
    clean_exits: tuple[int, ...] = (0,)
    """Exit codes, minus the signal where one ended it, that are no failure when it was asked to end."""


def service_program(
    service: str,
    settings: Settings,
    log: Path,
    environ: Mapping[str, str],
    *,
    starts_after: tuple[str, ...] = (),
    stops_after: tuple[str, ...] = (),
) -> Program:
    """One of ours, tied to this process."""
    return Program(
        name=service,
        command=(sys.executable, "-m", "hallmark_cli.up.child", f"hallmark_{service}", str(os.getpid())),
        environ=environ,
        log=log,
        ready=lambda: until_ready(service, settings),
        starts_after=starts_after,
        stops_after=stops_after,
        stop_timeout_s=settings.drain_timeout_s + STOP_MARGIN_S,
    )


def services_alone(settings: Settings, logs: Mapping[str, Path], environ: Mapping[str, str]) -> list[Program]:
    """The four of `hallmark up`: started all at once, stopped one after the other."""
    before = dict(zip(SERVICES[1:], SERVICES, strict=False))
    return [
        service_program(name, settings, logs[name], environ, stops_after=(before[name],) if name in before else ())
        for name in SERVICES
    ]
