"""Whatever becomes of a question, every fact gets a judgement, in its place."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from hallmark_qoa.judge.facts import Facts
from hallmark_qoa.judge.policy.asking import PAUSE_S, Asking, Done
from hallmark_qoa.judge.policy.base import PolicyError
from tests.contract.policy_cases import FACTS

BATCH = 10
MANY = [replace(FACTS, count=number) for number in range(2 * BATCH + 7)]
PATIENCE_S = 30.0


@pytest.fixture
def asking() -> Iterator[Asking]:
    opened = Asking("the judge", PATIENCE_S, BATCH)
    yield opened
    opened.close()


def _answer(facts: Sequence[Facts]) -> object:
    return [{"verdict": "pass", "reasons": [str(each.count)]} for each in facts]


def _fails(error: Exception, batch: int) -> Callable[[Sequence[Facts]], object]:
    """Answers all batches but one."""

    def ask(facts: Sequence[Facts]) -> object:
        if facts[0].count == batch * BATCH:
            raise error
        return _answer(facts)

    return ask


async def test_every_fact_is_judged_in_its_place(asking: Asking) -> None:
    found = await asking.judge(MANY, _answer)
    assert [judgement.reasons for judgement in found] == [(str(facts.count),) for facts in MANY]


async def test_questions_are_bounded(asking: Asking) -> None:
    sizes: list[int] = []

    def ask(facts: Sequence[Facts]) -> object:
        sizes.append(len(facts))
        return _answer(facts)

    await asking.judge(MANY, ask)
    assert sizes == [BATCH, BATCH, 7]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PolicyError("it is broken"), "it is broken"),
        (ValueError("a secret"), "the judge could not be asked: ValueError"),
        (MemoryError(), "the judge could not be asked: MemoryError"),
    ],
)
async def test_a_question_that_fails_leaves_the_others(asking: Asking, error: Exception, reason: str) -> None:
    found = await asking.judge(MANY, _fails(error, 1))
    assert [judgement.verdict for judgement in found] == ["pass"] * BATCH + ["unknown"] * BATCH + ["pass"] * 7
    assert {judgement.reasons for judgement in found if judgement.verdict == "unknown"} == {(reason,)}


async def test_a_failure_is_told_once_and_its_end_too(asking: Asking, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        await asking.judge([FACTS], _fails(PolicyError("it is broken"), FACTS.count // BATCH))
        assert asking.error == "it is broken"
    for _ in range(3):
        await asking.judge([FACTS], _answer)
        assert asking.error == ""
    assert [record.message for record in caplog.records] == [
        "it is broken; what cannot be judged is unknown",
        "the judge judges again",
    ]


class Counted(Asking):
    """Counts what it asks."""

    asked = 0

    async def run(self, job: Callable[[], Done]) -> Done:
        self.asked += 1
        return await super().run(job)


async def test_who_does_not_answer_in_time_is_not_waited_for_again_and_again() -> None:
    """What is asked together waits once; who is late twice is not asked for a while."""
    now_s = [0.0]
    asking = Counted("the judge", 0.05, BATCH, lambda: now_s[0])
    release = threading.Event()
    asked = []
    try:
        for now_s[0] in (0.0, 0.1, PAUSE_S, 0.1 + PAUSE_S):
            found = await asking.judge(MANY, lambda _: release.wait(PATIENCE_S))
            assert [(judgement.verdict, judgement.failed) for judgement in found] == [("unknown", True)] * len(MANY)
            assert found[-1].reasons == ("the judge took more than 0.05 s",)
            asked.append(asking.asked)
    finally:
        release.set()
        asking.close()
    assert asked == [1, 2, 2, 3]


async def test_a_question_without_an_end_keeps_no_other_from_being_answered() -> None:
    asking = Asking("the judge", 1.0, BATCH, lambda: 0.0)

    def ask(facts: Sequence[Facts]) -> object:
        if facts[0].contract == "endless":
            raise TimeoutError
        return _answer(facts)

    for _ in range(3):
        (endless,) = await asking.judge([replace(FACTS, contract="endless")], ask)
        (other,) = await asking.judge([FACTS], ask)
        assert (endless.verdict, other.verdict) == ("unknown", "pass")
    asking.close()


async def test_a_late_answer_is_not_that_of_the_next_question() -> None:
    times_s = count(0.0, PAUSE_S)  # it is asked however often it is late
    asking = Asking("the judge", 0.2, BATCH, lambda: next(times_s))
    release = threading.Event()

    def late(facts: Sequence[Facts]) -> object:
        release.wait(PATIENCE_S)
        return [{"verdict": "violated", "reasons": []} for _ in facts]

    try:
        assert (await asking.judge([FACTS], late))[0].verdict == "unknown"
        release.set()
        # As often as a busy machine may need.
        found = [(await asking.judge([FACTS], _answer))[0].verdict for _ in range(50)]
        assert set(found) <= {"pass", "unknown"}
        assert "pass" in found
    finally:
        release.set()
        asking.close()


async def test_nothing_is_asked_for_no_facts(asking: Asking) -> None:
    assert await asking.judge([], _fails(AssertionError(), 0)) == []


async def test_who_is_closed_judges_nothing(asking: Asking) -> None:
    asking.close()
    (found,) = await asking.judge([FACTS], _answer)
    assert (found.verdict, found.reasons) == ("unknown", ("the judge could not be asked: RuntimeError",))
