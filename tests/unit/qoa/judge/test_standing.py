"""How an objective stands: the worst of consumers and variants in the latest window, and no window before it."""

import pytest

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.contracts import Contract
from hallmark_qoa.judge.promises import Promise
from hallmark_qoa.judge.standing import Standing, standing

S = 10**9


def promise(operator: str = "<=") -> Promise:
    """Of response time, in windows of ten seconds."""
    objective = {"name": "fast", "metric": "response_time", "aggregate": "p95", "threshold": 200, "window": "10s"}
    contract = Contract.model_validate(
        {
            "name": "deal",
            "consumer": "*",
            "model": {"name": "m"},
            "objectives": [{**objective, "operator": operator}],
        }
    )
    return Promise(contract, contract.objectives[0])


def verdict(
    word: str, start_s: int = 100, *, observed: float | None = None, completeness: float = 1.0, objective: str = "fast"
) -> WindowVerdict:
    """On a window."""
    made = WindowVerdict(
        contract="deal", objective=objective, verdict=word, observed=observed, completeness=completeness, window_s=10
    )
    made.start.FromNanoseconds(start_s * S)
    return made


def stands(*verdicts: WindowVerdict, operator: str = "<=") -> Standing:
    """How it does; there must be something of it."""
    found = standing(promise(operator), verdicts)
    assert found is not None
    return found


def test_nothing_of_an_objective_that_was_not_judged() -> None:
    assert standing(promise(), []) is None
    assert standing(promise(), [verdict("pass", objective="another")]) is None


def test_consumers_and_variants_are_counted_by_verdict() -> None:
    found = stands(verdict("pass"), verdict("violated"), verdict("pass"), verdict("violated", objective="another"))
    assert found.verdicts == {"pass": 2, "violated": 1, "unknown": 0}


def test_only_the_latest_window_counts() -> None:
    found = stands(verdict("violated", 90, observed=900), verdict("pass", 100, observed=9), verdict("unknown", 80))
    assert (found.verdicts, found.value, found.ended_ns) == ({"pass": 1, "violated": 0, "unknown": 0}, 9, 110 * S)


@pytest.mark.parametrize(("operator", "worst"), [("<", 3), ("<=", 3), (">", 1), (">=", 1)])
def test_the_worst_value_is_told(operator: str, worst: float) -> None:
    found = stands(*(verdict("pass", observed=value) for value in (2, 1, 3)), verdict("unknown"), operator=operator)
    assert found.value == worst


def test_a_value_that_nobody_knows_is_none() -> None:
    assert stands(verdict("unknown")).value is None


def test_the_least_completeness_is_told() -> None:
    assert stands(verdict("pass"), verdict("pass", completeness=0.9)).completeness == 0.9


def budgeted(windows: int, violated: int, *, target: float = 0.9, burn_rate: float | None = None) -> WindowVerdict:
    """A verdict on an objective with a budget."""
    made = verdict("pass")
    made.budget.target, made.budget.windows, made.budget.violated = target, windows, violated
    if burn_rate is not None:
        made.budget.burn_rate = burn_rate
    return made


@pytest.mark.parametrize(("violated", "left"), [(0, 1.0), (5, 0.5), (10, 0.0), (20, -1.0)])
def test_what_is_left_of_a_budget(violated: int, left: float) -> None:
    assert stands(budgeted(100, violated)).budget_left == pytest.approx(left)


def test_the_worst_budget_is_told() -> None:
    found = stands(budgeted(100, 2, burn_rate=0.2), budgeted(100, 8, burn_rate=4.0), verdict("pass"))
    assert (found.budget_left, found.burn_rate) == (pytest.approx(0.2), 4.0)


@pytest.mark.parametrize("one", [verdict("pass"), budgeted(0, 0), budgeted(100, 1, target=1.0)])
def test_nothing_is_told_of_a_budget_without_windows_or_without_room(one: WindowVerdict) -> None:
    assert (stands(one).budget_left, stands(one).burn_rate) == (None, None)
