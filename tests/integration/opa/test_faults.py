"""Policies that break and OPAs that fail while they are used: unknown with the reason, or right, never a wrong pass."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.judge.facts import Judgement
from hallmark_qoa.judge.policy import opa as policy_opa
from hallmark_qoa.judge.policy.open import Policy, open_policy
from tests.contract.policy_cases import BAD, FACTS, GOOD
from tests.support.opa import POLICIES, Opa
from tests.support.waiting import until

PATIENCE_S = 60.0
RIGHT = [Judgement("pass", (GOOD,)), Judgement("violated", (BAD,))]
ASKED = [FACTS, replace(FACTS, value=0.3)]

Ask = Callable[[], list[Judgement]]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The policies of the project, to be changed."""
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    return folder


@pytest.fixture
def opa(tmp_path: Path, policies: Path) -> Iterator[Opa]:
    """An OPA that a test may break."""
    with Opa(tmp_path, policies) as running:
        yield running


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The loop that the policy is used in."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(params=["regopy", "opa"])
def policy(request: pytest.FixtureRequest, policies: Path, runner: asyncio.Runner) -> Iterator[Policy]:
    """An evaluator of each kind on that folder."""
    url = request.getfixturevalue("opa").url if request.param == "opa" else ""
    opened = open_policy(Settings(policies_dir=policies, qoa_opa_url=url))
    yield opened
    runner.run(opened.close())


@pytest.fixture
def ask(policy: Policy, runner: asyncio.Runner) -> Ask:
    """Asks for the judgements of a good and of a bad window."""
    return lambda: runner.run(policy.judge(ASKED))


@pytest.fixture
def ask_opa(opa: Opa, runner: asyncio.Runner) -> Iterator[Ask]:
    """The same of OPA only."""
    opened = open_policy(Settings(qoa_opa_url=opa.url))
    yield lambda: runner.run(opened.judge(ASKED))
    runner.run(opened.close())


def _reasons(judgements: list[Judgement]) -> set[str]:
    assert {judgement.verdict for judgement in judgements} == {"unknown"}
    return {reason for judgement in judgements for reason in judgement.reasons}


def _threads(opa: Opa) -> set[str]:
    """The states that the threads of its process are in, as in proc(5)."""
    assert opa.process is not None
    stats = [path.read_text() for path in Path(f"/proc/{opa.process.pid}/task").glob("*/stat")]
    return {stat.rpartition(")")[2].split()[0] for stat in stats}


def test_an_opa_that_is_killed_is_unknown_until_it_is_back(opa: Opa, ask_opa: Ask) -> None:
    assert ask_opa() == RIGHT
    opa.kill()
    why = f"OPA at {opa.url} does not answer: Connection refused; start it or correct HALLMARK_QOA_OPA_URL"
    assert _reasons(ask_opa()) == {why}
    opa.start()
    assert ask_opa() == RIGHT


def test_an_opa_that_was_restarted_meanwhile_is_asked_anew(opa: Opa, ask_opa: Ask) -> None:
    assert ask_opa() == RIGHT
    opa.stop()
    opa.start()
    assert ask_opa() == RIGHT


def test_an_opa_that_hangs_is_unknown_until_it_goes_on(opa: Opa, ask_opa: Ask) -> None:
    assert ask_opa() == RIGHT
    opa.pause()
    until(lambda: _threads(opa) == {"T"}, "every thread of OPA has stopped", timeout_s=PATIENCE_S)
    assert _reasons(ask_opa()) == {f"OPA at {opa.url} took more than {policy_opa.TIMEOUT_S:g} s"}
    opa.resume()
    until(lambda: ask_opa() == RIGHT, "OPA judges again", timeout_s=PATIENCE_S)


def _change(policies: Path, old: str, new: str) -> None:
    path = policies / "default.rego"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _noticed(policy: Policy, opa_log: Path, ask: Ask) -> bool:
    """Whether who judges has seen that the newer policy is broken."""
    ask()
    return bool(policy.status().error) or (opa_log.exists() and "rego_parse_error" in opa_log.read_text())


def test_a_changed_policy_takes_over_and_a_broken_one_does_not(
    policy: Policy, ask: Ask, policies: Path, tmp_path: Path
) -> None:
    assert ask() == RIGHT
    _change(policies, '"at most"', '"not above"')
    changed = [Judgement("pass", (GOOD.replace("at most", "not above"),)), RIGHT[1]]
    until(lambda: ask() == changed, "the changed policy judges", timeout_s=PATIENCE_S)
    _change(policies, "verdicts := [", "verdicts := [[")
    until(lambda: _noticed(policy, tmp_path / "opa.log", ask), "the mistake is noticed", timeout_s=PATIENCE_S)
    assert ask() == changed
    _change(policies, "verdicts := [[", "verdicts := [")
    _change(policies, '"not above"', '"at most"')
    until(lambda: ask() == RIGHT, "the mended policy judges", timeout_s=PATIENCE_S)


def test_a_policy_that_breaks_the_interpreter_does_not_break_who_asks_it(
    policies: Path, runner: asyncio.Runner
) -> None:
    policy = open_policy(Settings(policies_dir=policies))
    assert runner.run(policy.judge(ASKED)) == RIGHT
    # regopy overflows its stack on it.
    (policies / "deep.rego").write_text(f"package deep\n\ndeep := {'[' * 20_000}{']' * 20_000}\n")

    def error_after_asking() -> str:
        assert runner.run(policy.judge(ASKED)) == RIGHT
        return policy.status().error

    error = until(error_after_asking, "the policy is refused", timeout_s=PATIENCE_S)
    assert " broke the interpreter; " in error
    runner.run(policy.close())


def test_no_policy_at_the_start_is_unknown_until_there_is_one(ask: Ask, policies: Path) -> None:
    text = (policies / "default.rego").read_text()
    for path in policies.glob("*.rego"):
        path.unlink()
    until(lambda: {judgement.verdict for judgement in ask()} == {"unknown"}, "nothing judges", timeout_s=PATIENCE_S)
    (policies / "default.rego").write_text(text)
    until(lambda: ask() == RIGHT, "the policy judges", timeout_s=PATIENCE_S)
