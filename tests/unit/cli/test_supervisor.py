"""The supervisor with small processes: who starts when, who stops when, what is said of those that fail."""

import asyncio
import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psutil
import pytest

from hallmark_cli.errors import CliError
from hallmark_cli.up import children
from hallmark_cli.up.program import Program
from hallmark_cli.up.supervisor import supervise
from tests.support.waiting import eventually

PATIENCE_S = 20.0

LIVES = 'trap "echo -$0 >>events; exit {code}" TERM; echo +$0 >>events; while :; do sleep 0.02; done'
"""Says that it lives, and that it was asked to end, in the order in which it happens to all of them."""


class Stage:
    """Programs of a test, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Program] = []
        self.said: list[str] = []

    def add(self, name: str, script: str = LIVES.format(code=0), **more: Any) -> None:
        """A shell script that is ready once it has said so in the events."""
        log = self.folder / f"{name}.log"
        log.touch()
        ready = more.pop("ready", lambda: self._is_ready(name))
        command = ("sh", "-c", script, name)
        self.programs.append(Program(name, command, dict(os.environ), log, ready, folder=self.folder, **more))

    async def _is_ready(self, name: str) -> None:
        await eventually(lambda: f"+{name}" in self.events(), f"{name} lives", timeout_s=PATIENCE_S)

    def events(self) -> list[str]:
        """What happened, in its order."""
        file = self.folder / "events"
        return file.read_text().split() if file.exists() else []

    async def run(self, when_ready: Callable[[], None] = lambda: None, timeout_s: float = PATIENCE_S) -> int:
        """Supervise them."""

        async def explain(names: Collection[str]) -> str:
            return f"{', '.join(sorted(names))} not ready"

        return await supervise(self.programs, self.said.append, when_ready, explain, timeout_s)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """None yet."""
    return Stage(tmp_path)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def test_each_starts_and_stops_in_its_turn(stage: Stage) -> None:
    stage.add("front", starts_after=("broker", "store"))
    stage.add("broker", stops_after=("front",))
    stage.add("store", stops_after=("broker",))
    assert await stage.run(_interrupt) == 0
    events = stage.events()
    assert set(events[:2]) == {"+broker", "+store"}
    assert events[2:] == ["+front", "-front", "-broker", "-store"]


async def test_a_stop_while_starting_leaves_what_has_not_begun_alone(stage: Stage) -> None:
    stage.add("hangs", ready=asyncio.Event().wait)
    stage.add("later", starts_after=("hangs",), stops_after=("hangs",))
    running = asyncio.create_task(stage.run())
    await eventually(lambda: stage.events() == ["+hangs"], "it has started", timeout_s=PATIENCE_S)
    _interrupt()
    assert await running == 0
    assert stage.events() == ["+hangs", "-hangs"]


async def test_only_those_whose_turn_it_was_are_late(stage: Stage) -> None:
    stage.add("hangs", ready=asyncio.Event().wait)
    stage.add("later", starts_after=("hangs",))
    with pytest.raises(CliError, match=r"^after 0\.2 s hangs not ready$"):
        await stage.run(timeout_s=0.2)


async def test_an_exit_that_is_not_clean_is_a_failure_of_the_drain(stage: Stage) -> None:
    stage.add("well")
    stage.add("badly", LIVES.format(code=3))
    stage.add("its-way", "echo +$0 >>events; exec sleep 60", clean_exits=(-signal.SIGTERM,))
    with pytest.raises(CliError, match=r"^badly ended \(exit code 3\): no message; log: .*badly\.log$"):
        await stage.run(_interrupt)


async def test_what_does_not_end_in_its_time_is_killed_with_what_it_has_started(stage: Stage) -> None:
    stage.add("deaf", 'trap "" TERM; sleep 60 & echo $! >child; echo +$0 >>events; wait', stop_timeout_s=0.2)
    with pytest.raises(CliError, match=r"^deaf ended \(killed by SIGKILL\)"):
        await stage.run(_interrupt)
    child = int((stage.folder / "child").read_text())
    await eventually(lambda: not psutil.pid_exists(child), "its child is gone", timeout_s=PATIENCE_S)


async def test_what_may_be_killed_may_be_so_while_it_starts_too(stage: Stage) -> None:
    deaf = 'trap "" TERM; echo +$0 >>events; while :; do sleep 0.02; done'
    stage.add("deaf", deaf, ready=asyncio.Event().wait, stop_timeout_s=0.2, clean_exits=(0, -signal.SIGKILL))
    running = asyncio.create_task(stage.run())
    await eventually(lambda: stage.events() == ["+deaf"], "it has started", timeout_s=PATIENCE_S)
    _interrupt()
    assert await running == 0


async def test_it_is_asked_by_the_signal_that_it_understands(stage: Stage) -> None:
    stage.add("server", LIVES.format(code=0).replace("TERM", "INT"), stop_signal=signal.SIGINT)
    assert await stage.run(_interrupt) == 0
    assert stage.events() == ["+server", "-server"]


async def test_a_signal_that_was_missed_is_sent_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "AGAIN_S", 0.05)
    deaf_once = 'trap "echo -$0 >>events; trap \\"exit 0\\" TERM" TERM; echo +$0 >>events; while :; do sleep 0.02; done'
    stage.add("boots", deaf_once, stop_again=True)
    assert await stage.run(_interrupt) == 0
    assert stage.events() == ["+boots", "-boots"]


async def test_the_end_of_one_is_that_of_all(stage: Stage) -> None:
    stage.add("others")
    stage.add("dies", "echo +$0 >>events; until [ -e go ]; do sleep 0.02; done; echo no room >&2; exit 4")
    with pytest.raises(CliError, match=r"^dies ended \(exit code 4\): no room; log: "):
        await stage.run((stage.folder / "go").touch)
    assert stage.events()[-1] == "-others"
