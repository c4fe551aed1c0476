"""The ``hallmark`` command as its users start it: a process with an environment of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from hallmark_common.settings import PREFIX, variable

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
"""For what takes a second or two on an idle machine."""


def environment(**settings: str) -> dict[str, str]:
    """The variables of this process, but of all settings of Hallmark only the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {variable(field): value for field, value in settings.items()}


def run_command(environ: Mapping[str, str], *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hallmark_cli", *arguments],
        cwd=ROOT,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


class Command:
    """A running command line; as a context manager, what is left of it at the end is killed."""

    def __init__(self, environ: Mapping[str, str], folder: Path, *arguments: str, merged: bool = False) -> None:
        """Start it; ``folder`` gets what it says: files ``out`` and ``err``, or both in ``out``."""
        self.environ = dict(environ)
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hallmark_cli", *arguments],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT if merged else err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has said so far on stdout."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has said so far on stderr."""
        return self._err.read_text()

    def send(self, signum: int) -> None:
        """Send it a signal, to no avail where it has ended."""
        self.process.send_signal(signum)

    def exit_code(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait for its end."""
        return self.process.wait(timeout_s)

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """Ctrl-C, and the exit code."""
        self.send(signal.SIGINT)
        return self.exit_code(timeout_s)

    def kill(self) -> None:
        """Leave nothing of it running."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
