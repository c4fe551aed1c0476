"""A new policy proves itself before it judges."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.files import read_sources
from hallmark_qoa.judge.policy.trial import SAMPLES, prove
from hallmark_qoa.judge.policy.worker import TIMEOUT_S, Worker
from tests.support.command import ROOT

HEAD = "package hallmark\n\n"
MEND = "; mend it, `opa check` and `opa test` help"
DEEP = f"{HEAD}verdicts := {'[' * 20_000}{']' * 20_000}\n"
"""regopy overflows its stack on it."""
LONG = f"{HEAD}verdicts := [1 | some i in numbers.range(1, 20000); some j in numbers.range(1, 20000); i + j == 0]\n"


@contextmanager
def started(sources: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Iterator[Worker]:
    worker = Worker(sources, timeout_s)
    yield worker
    worker.close()


def refusal(text: str, timeout_s: float = TIMEOUT_S) -> str:
    with started({"own.rego": text}, timeout_s) as worker, pytest.raises(PolicyError) as refused:
        prove(worker)
    return str(refused.value)


def test_the_default_policy_proves_itself() -> None:
    with started(read_sources(ROOT / "policies").texts) as worker:
        prove(worker)


def test_the_example_of_the_documentation_proves_itself() -> None:
    (example,) = re.findall(r"```rego\n(.*?)```", (ROOT / "policies/README.md").read_text(), re.DOTALL)
    with started({"example.rego": example}) as worker:
        prove(worker)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{HEAD}verdicts := [", "own.rego:3: this is unclosed"),
        (f"{HEAD}other := 1", "data.hallmark.verdicts of the policy is undefined instead of an array"),
        (f"{HEAD}verdicts := []", f"the policy gave 0 verdicts for {len(SAMPLES)} facts; it must give one for each"),
        (
            f'{HEAD}verdicts := [{{"verdict": "fine", "reasons": []}} | some f in input.facts]',
            "the policy gave a verdict that is none of pass, violated, unknown",
        ),
        (
            f'{HEAD}verdicts := [{{"verdict": "pass", "reasons": []}} | some f in input.facts]',
            "the policy passes what has no value",
        ),
    ],
)
def test_one_that_does_not_is_refused_with_the_reason(text: str, why: str) -> None:
    assert refusal(text) == why + MEND


def test_one_that_ends_the_process_of_the_interpreter_is_refused() -> None:
    assert refusal(DEEP) == f"the policy in own.rego broke the interpreter{MEND}"


def test_one_that_does_not_come_to_an_end_is_refused() -> None:
    assert refusal(LONG, timeout_s=0.5) == f"the policy in own.rego took more than 0.5 s{MEND}"


def test_samples_are_of_every_kind() -> None:
    assert {facts.value is None for facts in SAMPLES} == {True, False}
    assert {facts.budget is None for facts in SAMPLES} == {True, False}
    assert {facts.operator for facts in SAMPLES} == {"<", "<=", ">", ">="}
