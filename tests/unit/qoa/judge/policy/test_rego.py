"""The policy of a folder: the process in which a newer one proved itself judges on, and no other is left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from hallmark_qoa.judge.policy.rego import RegoPolicy
from hallmark_qoa.judge.policy.trial import SAMPLES
from hallmark_qoa.judge.policy.worker import Worker
from tests.support.command import ROOT
from tests.support.waiting import eventually

SHIPPED = (ROOT / "policies/default.rego").read_text()
EMPTY = "package hallmark\n\nverdicts := []\n"
LONG = """package hallmark
verdicts := [1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a * b == -1]
"""


class Watched:
    """A policy in a folder whose files are looked at each time it is asked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "own.rego"
        self._now_s = 0.0
        self.policy = RegoPolicy(folder, self._clock)

    def _clock(self) -> float:
        self._now_s += 10
        return self._now_s

    def write(self, text: str) -> None:
        self._path.write_text(text)

    async def verdicts(self) -> set[str]:
        return {judgement.verdict for judgement in await self.policy.judge(SAMPLES)}


def workers() -> list[int]:
    """Processes that judge."""
    return [
        one.pid for one in psutil.Process().children() if "hallmark_qoa.judge.policy.worker" in " ".join(one.cmdline())
    ]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path)
    yield made
    await made.policy.close()
    assert workers() == []


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Which workers have started a process, one for each time."""
    started: list[Worker] = []
    start = Worker._started

    def counted(worker: Worker) -> object:
        started.append(worker)
        return start(worker)

    monkeypatch.setattr(Worker, "_started", counted)
    return started


async def test_what_proved_itself_judges_without_another_start(watched: Watched, starts: list[Worker]) -> None:
    watched.write(SHIPPED)
    for _ in range(3):
        assert await watched.verdicts() == {"pass", "violated", "unknown"}
    assert (len(starts), len(workers())) == (1, 1)


async def test_a_newer_one_takes_the_place_of_the_one_before(watched: Watched, starts: list[Worker]) -> None:
    for text in (SHIPPED, f"{SHIPPED}\n# newer\n"):
        watched.write(text)
        assert "pass" in await watched.verdicts()
    assert (len(starts), len(workers())) == (2, 1)


async def test_nothing_is_left_of_one_that_is_refused(watched: Watched) -> None:
    watched.write(EMPTY)
    assert await watched.verdicts() == {"unknown"}
    assert workers() == []
    watched.write(SHIPPED)
    assert "pass" in await watched.verdicts()
    before = workers()
    watched.write(EMPTY)
    assert "pass" in await watched.verdicts()
    assert workers() == before


async def test_nothing_is_left_of_one_whose_trial_is_given_up(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hallmark_qoa.judge.policy.rego.TIMEOUT_S", 3.0)
    watched.write(LONG)
    trial = asyncio.create_task(watched.verdicts())
    await eventually(lambda: bool(workers()), "the trial has begun")
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert workers() == []
