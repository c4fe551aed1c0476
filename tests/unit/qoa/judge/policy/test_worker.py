"""A program in a process of its own: what ends it costs one question, and nothing is kept of any."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hallmark_qoa.judge.policy.answers import judgements
from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.files import read_sources
from hallmark_qoa.judge.policy.trial import SAMPLES
from hallmark_qoa.judge.policy.worker import Worker
from tests.support.command import ROOT

SLOW = """package hallmark
verdicts := [1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a * b == -1]
"""


@pytest.fixture
def worker() -> Iterator[Worker]:
    shipped = Worker(read_sources(ROOT / "policies").texts)
    yield shipped
    shipped.close()


def child() -> psutil.Process:
    (found,) = (one for one in psutil.Process().children() if "policy.worker" in " ".join(one.cmdline()))
    return found


def test_it_answers_until_it_is_closed(worker: Worker) -> None:
    verdicts = [one.verdict for one in judgements(worker.answer(SAMPLES), SAMPLES)]
    assert {"pass", "violated", "unknown"} == set(verdicts)
    process = child()
    worker.close()
    assert not process.is_running()
    assert judgements(worker.answer(SAMPLES), SAMPLES)


def test_killed_one_costs_one_question(worker: Worker) -> None:
    worker.answer(SAMPLES)
    child().kill()
    with pytest.raises(PolicyError, match="broke the interpreter"):
        worker.answer(SAMPLES)
    assert judgements(worker.answer(SAMPLES), SAMPLES)


def test_what_does_not_come_to_an_end_is_ended() -> None:
    worker = Worker({"policies/slow.rego": SLOW}, timeout_s=1.0)
    with pytest.raises(PolicyError, match=r"^the policy in policies/slow.rego took more than 1 s$"):
        worker.answer(SAMPLES)
    assert not [one for one in psutil.Process().children() if "policy.worker" in " ".join(one.cmdline())]


def test_nothing_is_kept_of_a_question(worker: Worker) -> None:
    for _ in range(20):
        worker.answer(SAMPLES)
    before = child().memory_info().rss
    for _ in range(150):
        worker.answer(SAMPLES)
    assert child().memory_info().rss - before < 8 * 2**20  # 20 KB a fact would be 32 MB


def test_sources_that_do_not_compile(tmp_path: Path) -> None:
    worker = Worker({str(tmp_path / "own.rego"): "package hallmark\nverdicts :="})
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"own.rego:2: "):
            worker.answer(SAMPLES)
    worker.close()
