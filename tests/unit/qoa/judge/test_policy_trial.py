"""A new policy proves itself elsewhere before it judges here."""

import re

import pytest

from hallmark_qoa.judge import policy_trial
from hallmark_qoa.judge.policy_base import PolicyError
from hallmark_qoa.judge.policy_files import read_sources
from hallmark_qoa.judge.policy_trial import SAMPLES, prove, trial
from tests.support.command import ROOT

HEAD = "package hallmark\n\n"
MEND = "; mend it, `opa check` and `opa test` help"
DEEP = f"{HEAD}verdicts := {'[' * 20_000}{']' * 20_000}\n"
"""regopy overflows its stack on it."""
LONG = f"{HEAD}verdicts := [1 | some i in numbers.range(1, 20000); some j in numbers.range(1, 20000); i + j == 0]\n"


async def _refusal(text: str) -> str:
    with pytest.raises(PolicyError) as refused:
        await prove({"own.rego": text})
    return str(refused.value)


async def test_the_default_policy_proves_itself() -> None:
    await prove(read_sources(ROOT / "policies").texts)


async def test_the_example_of_the_documentation_proves_itself() -> None:
    (example,) = re.findall(r"```rego\n(.*?)```", (ROOT / "policies/README.md").read_text(), re.DOTALL)
    await prove({"example.rego": example})


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
async def test_one_that_does_not_is_refused_with_the_reason(text: str, why: str) -> None:
    assert await _refusal(text) == why + MEND
    assert trial({"own.rego": text}) == why


async def test_one_that_ends_the_process_of_the_interpreter_is_refused() -> None:
    assert await _refusal(DEEP) == f"the policy in own.rego breaks the interpreter{MEND}"


async def test_one_that_does_not_come_to_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_trial, "TRIAL_TIMEOUT_S", 0.5)
    assert await _refusal(LONG) == f"the policy in own.rego does not come to an end{MEND}"


def test_samples_are_of_every_kind() -> None:
    assert {facts.value is None for facts in SAMPLES} == {True, False}
    assert {facts.budget is None for facts in SAMPLES} == {True, False}
    assert {facts.operator for facts in SAMPLES} == {"<", "<=", ">", ">="}
