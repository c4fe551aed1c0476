"""What is to be known of a real part to run it: command, environment, account, when it is ready."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hallmark_common.settings import Settings


@dataclass(frozen=True, slots=True)
class Probe:
    """A part is ready once this answers: a TCP port that is open, or with a path, HTTP 200 there."""

    port: int
    path: str = ""
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Part:
    """One process, all of its files written, ready to be started."""

    name: str
    command: tuple[str, ...]
    ready: Probe
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables beside those of this process."""
    account: str = ""
    """The account that it runs as where this process is root and it refuses to be."""
    folder: Path | None = None
    """What its relative paths start from; where this process runs where there is none."""
    asks: tuple[str, ...] = ()
    """A command that succeeds once it can be used, where an answer at the probe does not say so."""
    stop_signal: signal.Signals = signal.SIGTERM
    """What it is to be sent to end in order."""
    stop_again: bool = False
    """Whether it may miss that signal, so that it is sent again until the end."""
    stop_timeout_s: float = 20.0
    """From that signal to SIGKILL."""
    clean_exits: tuple[int, ...] = (0,)
    """Exit codes after that signal that are no failure, minus the signal where it ends by one."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a stack is: the project's configuration, the folder that it keeps its state in, its ports."""

    project: Path
    """The folder with otel-collector/, rabbitmq/, prometheus/, …"""
    state: Path
    """Each part has a folder in it; all absolute."""
    settings: Settings

    def folder(self, part: str) -> Path:
        """The state folder of a part, made where it is not there yet."""
        path = self.state / part
        path.mkdir(parents=True, exist_ok=True)
        return path
