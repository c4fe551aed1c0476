"""A running process of a run, its log, its end."""

import asyncio
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hallmark_cli.errors import CliError
from hallmark_cli.up.logtail import last_error
from hallmark_cli.up.program import Program
from hallmark_common.settings import variable

AGAIN_S = 1.0
"""Between two signals to a program that may have missed the first."""


class Child:
    """One running program."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self._process = process

    @property
    def name(self) -> str:
        """Of its program."""
        return self.program.name

    @property
    def exit_code(self) -> int | None:
        """Exit code, minus the signal where one ended it, None while it runs."""
        return self._process.returncode

    async def wait(self) -> None:
        """Wait for its end."""
        await self._process.wait()

    async def stop(self, timeout_s: float) -> None:
        """Ask it to end, wait; SIGKILL after timeout_s."""
        asking = asyncio.create_task(self._ask_to_end())
        try:
            await asyncio.wait_for(self.wait(), timeout_s)
        except TimeoutError:
            await self.kill()
        finally:
            asking.cancel()

    async def _ask_to_end(self) -> None:
        while self._process.returncode is None:
            self._process.send_signal(self.program.stop_signal)
            if not self.program.stop_again:
                return
            await asyncio.sleep(AGAIN_S)

    async def kill(self) -> None:
        """SIGKILL to it and to what it has started in its group, and wait."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self.wait()

    def obituary(self) -> str:
        """How it ended, in one line: name, exit code or signal, what it said last, where its log is."""
        code = self.exit_code
        how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        log = self.program.log
        return f"{self.name} ended ({how}): {last_error(log)}; log: {log}"


async def start_child(program: Program) -> Child:
    """Start a program in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    with program.log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=dict(program.environ),
            cwd=program.folder,
            start_new_session=True,
        )
    return Child(program, process)


def fresh_logs(state_dir: Path, names: Iterable[str]) -> dict[str, Path]:
    """An empty log by name, in their order; that of the run before is kept as ``.1``, and nothing older.

    :class:`CliError` where the folder or a file in it cannot be written.
    """
    folder = state_dir / "logs"
    logs = {name: folder / f"{name}.log" for name in names}
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
