"""What a policy is told: exact where an evaluator would not be, and all of it documented."""

import json
import math
import re
import sys
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hallmark_qoa.judge.facts import Facts, allowed, to_input, told
from tests.contract.policy_cases import BUDGET, FACTS
from tests.support.command import ROOT


def _side(**changes: float | None) -> object:
    return to_input(replace(FACTS, **changes))["side"]


@pytest.mark.parametrize(
    ("value", "error", "side"),
    [
        (0.1, 0.0, "below"),
        (0.2, 0.0, "at"),
        (0.3, 0.0, "above"),
        (0.1, 0.05, "below"),
        (0.3, 0.05, "above"),
        (0.2, 0.05, "either"),
        (0.1, 0.1, "either"),
        (0.4, 0.2, "either"),
        (math.nextafter(0.2, 0), 0.0, "below"),
        (math.nextafter(0.2, 1), 0.0, "above"),
        (None, 0.0, None),
        (math.nan, 0.0, None),
        (math.inf, 0.0, None),
        (0.1, math.inf, None),
        (0.1, math.nan, None),
    ],
)
def test_the_side_of_the_threshold(value: float | None, error: float, side: str | None) -> None:
    assert _side(value=value, error=error) == side


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_without_error_is_on_the_side_that_it_is_on(value: float, threshold: float) -> None:
    side = "below" if value < threshold else "above" if value > threshold else "at"
    assert _side(value=value, threshold=threshold, error=0.0) == side


@given(st.integers(0, 10**6), st.integers(0, 10**4))
def test_what_a_budget_allows_is_exact(windows: int, target: int) -> None:
    budget = replace(BUDGET, target=target / 10**4, windows=windows)
    assert allowed(budget) == (10**4 - target) * (windows + 1) // 10**4


def test_ten_windows_at_nine_tenths_allow_one() -> None:
    assert math.floor((1 - 0.9) * 10) == 0
    assert Fraction(1, 10) * 10 == allowed(replace(BUDGET, target=0.9, windows=9)) == 1


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((0.123456, 0.2), ["0.1235", "0.2"]),
        ((0.20001, 0.2), ["0.20001", "0.2"]),
        ((0.2000000001, 0.2), ["0.2000000001", "0.2"]),
        ((0.1 + 0.2, 0.3), ["0.30000000000000004", "0.3"]),
        ((1234567.0, None), ["1234567", None]),
        ((2**60, 2**60 + 1), [str(2**60), str(2**60 + 1)]),
        ((1e20,), ["1e+20"]),
        ((0.5, 0.5, 0.25), ["0.5", "0.5", "0.25"]),
        ((), []),
    ],
)
def test_numbers_are_told_in_as_few_digits_as_differ(
    numbers: tuple[float | None, ...], texts: list[str | None]
) -> None:
    assert told(*numbers) == texts


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=4))
def test_numbers_that_differ_are_told_apart(numbers: list[float]) -> None:
    assert len(set(told(*numbers))) >= len(set(numbers))


@given(
    st.builds(
        replace,
        st.just(FACTS),
        value=st.one_of(st.none(), st.floats()),
        error=st.floats(),
        completeness=st.one_of(st.none(), st.floats()),
        coverage=st.one_of(st.none(), st.floats()),
        budget=st.builds(replace, st.just(BUDGET), burn_rate=st.floats()),
    )
)
@example(replace(FACTS, value=5e-324, completeness=5e-324, budget=replace(BUDGET, burn_rate=5e-324)))
def test_whatever_was_observed_is_json_that_any_evaluator_reads(facts: Facts) -> None:
    told = json.loads(json.dumps(to_input(facts), allow_nan=False))
    numbers = [value for part in (told, told["budget"]) for value in part.values() if isinstance(value, float)]
    assert not [number for number in numbers if 0 < abs(number) < sys.float_info.min]


def test_every_fact_is_in_the_documentation() -> None:
    facts = to_input(replace(FACTS, budget=BUDGET))
    budget, text = facts["budget"], facts["text"]
    assert isinstance(budget, dict)
    assert isinstance(text, dict)
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", (ROOT / "policies/README.md").read_text(), re.MULTILINE)
    documented = {name for names, _ in rows for name in re.findall(r"`([\w.]+)`", names)}
    (texts,) = (meaning for names, meaning in rows if names == "`text`")
    wanted = {name for name in facts if name != "budget"} | {"budget", "budget.target", "budget.windows"}
    wanted |= {f"budget.{name}" for name in ("allowed", "burn_rate")} | {".violated", ".unknown", ".burn_rate_limit"}
    assert wanted == documented - {"pass", "violated", "unknown"}
    assert {name.split(".")[-1] for name in wanted if "." in name} == budget.keys()
    assert set(re.findall(r"`(\w+)`", texts)) == text.keys()
