"""What is wrong with a contract that can be read."""

from collections.abc import Callable

import pytest

from hallmark_common.contracts import Contract, check_contract
from hallmark_common.contracts.document import read_document

Said = Callable[[str], list[str]]


def test_dates_are_in_order(said: Said, good: str) -> None:
    assert said(f"{good}valid: {{from: 2014-01-01, until: 2013-07-01}}\n") == [
        "11:27: valid.until: is 2013-07-01 00:00:00, not after `from`, 2014-01-01 00:00:00: it would never hold"
    ]
    assert said(f"{good}valid: {{from: 2013-07-01, until: 2014-01-01}}\n") == []


def test_objectives_have_names_of_their_own(said: Said, good: str) -> None:
    again = good.split("objectives:\n")[1]
    (line,) = said(good + again)
    assert line == "11:5: objectives[1].name: objectives[0] is called 'fast' too; choose another name"


def test_a_silence_names_objectives_that_there_are(said: Said, good: str) -> None:
    lines = said(f"{good}silences:\n  - {{from: 2014-01-01, until: 2014-01-01, reason: x, objectives: [fast, fats]}}\n")
    assert lines == [
        "12:24: silences[0].until: is 2014-01-01 00:00:00, not after `from`, 2014-01-01 00:00:00: nothing would be "
        "silent",
        "12:73: silences[0].objectives[1]: no such objective: 'fats'; did you mean fast?",
    ]


@pytest.mark.parametrize(
    ("metric", "operator", "threshold", "wanted"),
    [
        ("validity", ">=", "1.5", "expected from 0 to 1, got 1.5; 1.5 % is written 1.5%"),
        ("validity", ">=", "-0.1", "expected from 0 to 1, got -0.1"),
        ("validity", ">", "1", "validity is never > 1; write >="),
        ("error_ratio", "<", "0", "error_ratio is never < 0; write <="),
        ("r2", ">=", "95%", ""),
        ("r2", ">=", "1.1", "expected at most 1, got 1.1; 1.1 % is written 1.1%"),
        ("r2", ">=", "-3", ""),
        ("throughput", ">=", "-1", "expected at least 0, got -1"),
        ("throughput", ">=", "100", ""),
        ("null_count", "<=", "7", ""),
        ("validity", ">=", "0", "warning: validity always is >= 0: it promises nothing"),
        ("error_ratio", "<=", "100%", "warning: error_ratio always is <= 1: it promises nothing"),
        ("validity", "<=", "0.9", "warning: higher is better for validity, and <= asks for the contrary"),
        ("error_ratio", ">", "0.9", "warning: lower is better for error_ratio, and > asks for the contrary"),
        ("color_mode", "<=", "50%", ""),
    ],
)
def test_a_threshold_can_be_met_and_missed(
    said: Said, good: str, metric: str, operator: str, threshold: str, wanted: str
) -> None:
    text = good.replace("response_time", metric).replace("<=", operator).replace("0.2", threshold)
    text = text.replace("    aggregate: p95\n", "    of: RGB\n" if metric == "color_mode" else "    severity: info\n")
    found = [line.partition(": ")[2] for line in said(text)]
    assert [
        line.replace("objectives[0].threshold: ", "").replace("objectives[0].operator: ", "") for line in found
    ] == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("budget", "wanted"),
    [
        ("{target: 0.99, period: 7d, burn_rate: 10, over: 1h}", ""),
        ("{target: 99%, period: 7d}", ""),
        ("{target: 0.99, period: 30s}", "11:28: objectives[0].budget.period: 30s is no multiple of the window, 60 s"),
        ("{target: 0.99, period: 90s}", "11:28: objectives[0].budget.period: 90s is no multiple of the window, 60 s"),
        (
            "{target: 0.99, period: 7d, burn_rate: 10}",
            "11:5: objectives[0].budget: over is missing; burn_rate and over",
        ),
        (
            "{target: 0.99, period: 7d, over: 1h}",
            "11:5: objectives[0].budget: burn_rate is missing; burn_rate and over",
        ),
        (
            "{target: 0.9, period: 1h, burn_rate: 2, over: 2h}",
            "11:53: objectives[0].budget.over: 2h is longer than the",
        ),
        ("{target: 0.9, period: 7d, burn_rate: 10, over: 1h}", ""),
        (
            "{target: 0.9, period: 7d, burn_rate: 11, over: 1h}",
            "11:39: objectives[0].budget.burn_rate: 11 is never reac",
        ),
    ],
)
def test_a_budget_can_be_spent(said: Said, good: str, budget: str, wanted: str) -> None:
    lines = said(f"{good}    budget: {budget}\n")
    assert len(lines) == bool(wanted)
    assert all(line.startswith(wanted) for line in lines)


def test_a_window_must_be_kept(good: str) -> None:
    contract = Contract.model_validate(read_document(good).data)
    assert check_contract(contract, windows=(10, 60)) == []
    (problem,) = check_contract(contract, windows=(10, 3600))
    assert problem.where == ("objectives", 0, "window")
    assert problem.message == (
        "windows of 1m are not kept, 10s, 1h are; choose one of them or set HALLMARK_QOA_WINDOWS"
    )
