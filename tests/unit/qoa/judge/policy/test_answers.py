"""Only what is exactly as it should be becomes a verdict; all else is unknown and says why."""

from dataclasses import replace
from typing import Any

import pytest

from hallmark_qoa.judge.facts import Judgement
from hallmark_qoa.judge.policy.answers import check, judgements
from hallmark_qoa.judge.policy.base import PolicyError
from tests.contract.policy_cases import FACTS

PASS = {"verdict": "pass", "reasons": ["good"]}
PASSED = Judgement("pass", ("good",))

WRONG: list[tuple[Any, str]] = [
    (None, "data.hallmark.verdicts of the policy is undefined instead of an array"),
    ({}, "data.hallmark.verdicts of the policy is of type dict instead of an array"),
    (True, "data.hallmark.verdicts of the policy is of type bool instead of an array"),
    ("pass", "data.hallmark.verdicts of the policy is of type str instead of an array"),
    ([], "the policy gave 0 verdicts for 2 facts; it must give one for each"),
    ([PASS], "the policy gave 1 verdicts for 2 facts; it must give one for each"),
    ([PASS] * 3, "the policy gave 3 verdicts for 2 facts; it must give one for each"),
]
SHAPE = "the policy gave something else than an object with verdict and reasons"
WORD = "the policy gave a verdict that is none of pass, violated, unknown"
REASONS = "the policy gave reasons that are not an array of strings"
WRONG_ONES: list[tuple[Any, str]] = [
    (None, SHAPE),
    ("pass", SHAPE),
    ([], SHAPE),
    ({}, SHAPE),
    ({"verdict": "pass"}, SHAPE),
    ({**PASS, "more": 1}, SHAPE),
    ({**PASS, "verdict": "passed"}, WORD),
    ({**PASS, "verdict": "Pass"}, WORD),
    ({**PASS, "verdict": True}, WORD),
    ({**PASS, "verdict": None}, WORD),
    ({**PASS, "verdict": ["pass"]}, WORD),
    ({**PASS, "reasons": "good"}, REASONS),
    ({**PASS, "reasons": None}, REASONS),
    ({**PASS, "reasons": [1]}, REASONS),
    ({**PASS, "reasons": {"good": True}}, REASONS),
]


@pytest.mark.parametrize(("answer", "reason"), WRONG)
def test_an_answer_that_is_wrong_as_a_whole(answer: Any, reason: str) -> None:
    with pytest.raises(PolicyError, match=f"^{reason}$"):
        judgements(answer, [FACTS, FACTS])


@pytest.mark.parametrize(("item", "reason"), WRONG_ONES)
def test_a_wrong_one_leaves_the_others(item: Any, reason: str) -> None:
    unknown = Judgement("unknown", (reason,))
    assert judgements([PASS, item, PASS], [FACTS] * 3) == [PASSED, unknown, PASSED]


@pytest.mark.parametrize(("answer", "reason"), [*WRONG, *(([PASS, item], reason) for item, reason in WRONG_ONES)])
def test_a_trial_takes_none_of_them(answer: Any, reason: str) -> None:
    with pytest.raises(PolicyError, match=f"^{reason}$"):
        check(answer, [FACTS, FACTS])


@pytest.mark.parametrize("verdict", ["pass", "violated", "unknown"])
def test_every_verdict_is_taken_with_its_reasons(verdict: str) -> None:
    answer = [{"verdict": verdict, "reasons": ["one", "two"]}, {"verdict": verdict, "reasons": []}]
    check(answer, [FACTS, FACTS])
    first, second = judgements(answer, [FACTS, FACTS])
    assert (first.verdict, first.reasons, second.reasons) == (verdict, ("one", "two"), ())


def test_nothing_passes_without_a_value() -> None:
    without = replace(FACTS, value=None)
    assert judgements([PASS, PASS], [without, FACTS]) == [
        Judgement("unknown", ("the policy passes what has no value",)),
        PASSED,
    ]


def test_no_facts_have_no_judgements() -> None:
    assert judgements([], []) == []
