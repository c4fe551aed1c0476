"""A policy compiled by regopy: what it is asked and answers, and what is said of one that is broken."""

from dataclasses import replace

import pytest

from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.program import Program
from tests.contract.policy_cases import FACTS

HEAD = "package hallmark\n\n"


def _program(text: str) -> Program:
    return Program({"policies/own.rego": HEAD + text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("verdicts := [1 | some f in input.facts\n", "policies/own.rego:3: this is unclosed"),
        ("a := 1\n\n\nb := 3 if", "policies/own.rego:6: Invalid rule head"),
        ("# bytes, not letters: ää€€€\na := [\n\n\n\n\n", "policies/own.rego:4: this is unclosed"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=f"^{message}$"):
        _program(text)


def test_the_file_of_several_is_named() -> None:
    sources = {"a.rego": f"{HEAD}verdicts := helped", "helpers/b.rego": f"{HEAD}helped := ["}
    with pytest.raises(PolicyError, match=r"^helpers/b.rego:3: this is unclosed$"):
        Program(sources)


def test_an_empty_file_is_no_policy() -> None:
    with pytest.raises(PolicyError, match=r"^own.rego:1: Invalid file$"):
        Program({"own.rego": ""})


@pytest.mark.parametrize("text", ["other := 1", "verdicts := 1 if input.nothing", "verdicts := 1 / 0"])
def test_what_is_undefined_is_none(text: str) -> None:
    assert _program(text).answer([FACTS]) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("verdicts := nothing(1)", "Function not found: nothing"),
        ("verdicts := f(1)\n\nf(x) := f(x)", "Recursion detected in rule body: data.hallmark.verdicts"),
        ("verdicts := [1]\n\nverdicts := [2]", "a rule has two values, or takes too many steps"),
        ("verdicts := f(1)\n\nf(1) := 1\n\nf(1) := 2", "a rule has two values, or takes too many steps"),
        ('verdicts := [sprintf("%v", [concat(",", ["a", "b"])])]\n', None),
        ('verdicts := [sprintf(" %v", [concat(",", ["a", "b"])])]\n', "its answer cannot be read"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text: str, why: str | None) -> None:
    program = _program(text)
    if why is None:
        assert program.answer([]) == ["a,b"]
    else:
        with pytest.raises(PolicyError, match=f"^the policy cannot be evaluated: {why}$"):
            program.answer([])


def test_it_goes_on_after_a_failure() -> None:
    program = _program(
        "verdicts := [x | some f in input.facts; x := one(f.count)]\n\none(1) := 1\n\none(1) := 2\n\none(2) := 3"
    )
    with pytest.raises(PolicyError):
        program.answer([replace(FACTS, count=1)])
    assert program.answer([replace(FACTS, count=2)]) == [3]


def test_numbers_go_in_with_more_than_six_digits() -> None:
    # An input made of objects would keep no more.
    program = _program("verdicts := [x | some f in input.facts; x := f.value - 123456789]")
    assert program.answer([replace(FACTS, value=value) for value in (123456789.125, 123456789.25)]) == [0.125, 0.25]


def test_strings_come_back_as_they_went() -> None:
    names = ['quote " and \\', "line\nbreak\ttab", "ä€😀", "\u0001", "%v"]
    program = _program('verdicts := [concat("", [f.figure, sprintf("%v", [f.figure])]) | some f in input.facts]')
    assert program.answer([replace(FACTS, figure=name) for name in names]) == [2 * name for name in names]


def test_it_says_nothing_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PolicyError):
        _program("verdicts := [")
    assert capfd.readouterr() == ("", "")
