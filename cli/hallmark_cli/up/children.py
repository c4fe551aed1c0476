"""The four services as child processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from hallmark_cli.errors import CliError
from hallmark_cli.up.logtail import last_error
from hallmark_common.settings import variable

SERVICES = ("web", "preprocess", "inference", "qoa")
"""In the order in which they are stopped: each before what it calls, so that accepted requests can end, and qoa last,
so that the spans of those requests still arrive."""


class Child:
    """One running service, its log, its end."""

    def __init__(self, service: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.service = service
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, minus the signal where one ended it, None while it runs."""
        return self._process.returncode

    async def wait(self) -> "Child":
        """Wait for its end."""
        await self._process.wait()
        return self

    def send(self, signum: signal.Signals) -> None:
        """Send a signal, to no avail where it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(signum)

    async def stop(self, timeout_s: float) -> None:
        """SIGTERM, wait; SIGKILL after timeout_s."""
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait(), timeout_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL and wait."""
        self.send(signal.SIGKILL)
        await self.wait()

    def obituary(self) -> str:
        """How it ended, in one line: service, exit code or signal, what it said last, where its log is."""
        code = self.exit_code
        how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return f"{self.service} ended ({how}): {last_error(self.log)}; log: {self.log}"


async def start_child(service: str, log: Path, environ: Mapping[str, str]) -> Child:
    """Start one service in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hallmark_cli.up.child", f"hallmark_{service}", str(os.getpid())),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=dict(environ),
            start_new_session=True,
        )
    return Child(service, log, process)


def fresh_logs(state_dir: Path) -> dict[str, Path]:
    """An empty log by service, in the order of SERVICES; that of the run before is kept as ``.1``, and nothing older.

    :class:`CliError` where the folder or a file in it cannot be written.
    """
    folder = state_dir / "logs"
    logs = {service: folder / f"{service}.log" for service in SERVICES}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for log in logs.values():
            _rotate(log)
    except OSError as error:
        setting = variable("state_dir")
        raise CliError(f"{setting}: cannot write {folder}: {error.strerror}; set {setting} elsewhere") from None
    return logs


def _rotate(log: Path) -> None:
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    log.touch()
