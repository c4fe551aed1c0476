"""What the default policy must say of which facts: run on every evaluator alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hallmark_qoa.judge.facts import Budget, Facts

FACTS = Facts(
    contract="gold",
    contract_version="3",
    objective="fast",
    figure="response_time.p95",
    unit="",
    operator="<=",
    threshold=0.2,
    value=0.1,
    error=0.0,
    count=100,
    least_count=30,
    records=100,
    completeness=1.0,
    least_completeness=0.95,
    coverage=None,
    least_coverage=None,
    applies=True,
    closed=True,
    behind=(),
    budget=None,
    window_s=60,
    start="2026-03-01T10:00:00Z",
    end="2026-03-01T10:01:00Z",
)
"""A good window; every case differs from it in what it is about."""

BAD = "response_time.p95 is 0.3, more than 0.2"
GOOD = "response_time.p95 is 0.1, at most 0.2"
BUDGET = Budget(target=0.9, windows=99, violated=0, unknown=0, burn_rate=0.0, burn_rate_limit=None)


@dataclass(frozen=True)
class Case:
    """Facts, and the verdict and all reasons that they must get."""

    name: str
    facts: Facts
    verdict: str
    reasons: tuple[str, ...]


def _case(name: str, verdict: str, *reasons: str, **changes: Any) -> Case:
    return Case(name, replace(FACTS, **changes), verdict, reasons)


def _comparisons() -> Iterator[Case]:
    """Every operator with a value below, at and above its threshold."""
    words = {
        "<": ("less than", "not less than", "not less than"),
        "<=": ("at most", "at most", "more than"),
        ">": ("not more than", "not more than", "more than"),
        ">=": ("less than", "at least", "at least"),
    }
    kept = {"<": (0,), "<=": (0, 1), ">": (2,), ">=": (1, 2)}
    for operator, (below, at, above) in words.items():
        for place, (value, word) in enumerate([(0.1, below), (0.2, at), (0.3, above)]):
            verdict = "pass" if place in kept[operator] else "violated"
            reason = f"response_time.p95 is {value}, {word} 0.2"
            yield _case(f"{value} {operator} 0.2", verdict, reason, operator=operator, value=value)


def _numbers() -> Iterator[Case]:
    """Where floating point, or what is said of it, could mislead."""
    at_most = "response_time.p95 is {}, at most {}"
    yield _case(
        "0.1 + 0.2 is more than 0.3",
        "violated",
        "response_time.p95 is 0.30000000000000004, more than 0.3",
        value=0.1 + 0.2,
        threshold=0.3,
    )
    yield _case(
        "the next number below",
        "pass",
        "response_time.p95 is 0.19999999999999998, less than 0.2",
        value=0.19999999999999998,
        operator="<",
    )
    yield _case("whole and fraction are equal", "pass", at_most.format(2, 2), value=2, threshold=2.0)
    yield _case("zero of both signs", "pass", at_most.format("-0", "0"), value=-0.0, threshold=0.0)
    yield _case("tiny", "violated", "response_time.p95 is 1.5e-300, more than 1e-300", value=1.5e-300, threshold=1e-300)
    yield _case("huge", "pass", at_most.format("1e+300", "1.5e+300"), value=1e300, threshold=1.5e300)
    yield _case(
        "large numbers in full",
        "violated",
        "response_time.p95 is 168123, more than 168122",
        value=168123.0,
        threshold=168122.0,
    )
    yield _case("negative", "violated", "response_time.p95 is -1.5, more than -2", value=-1.5, threshold=-2.0)
    yield _case(
        "whole numbers beyond 32 bits", "pass", at_most.format(2**40, 2**40 + 1), value=2**40, threshold=2**40 + 1
    )
    yield _case("as few digits as differ", "violated", "response_time.p95 is 0.200001, more than 0.2", value=0.200001)
    yield _case("with its unit", "pass", "response_time.p95 is 0.1 s, at most 0.2 s", unit="s")
    yield _case("four digits", "pass", at_most.format("0.1235", "0.2"), value=0.123456789)


def _doubts() -> Iterator[Case]:
    """Each reason that a verdict cannot be given, and its boundary."""
    yield _case("not valid", "unknown", "the contract is not valid in this window", applies=False)
    yield _case("not over", "unknown", "the window is not over", closed=False)
    yield _case("one behind", "unknown", "not reported up to the end of the window: qoa-2", behind=("qoa-2",))
    yield _case(
        "two behind", "unknown", "not reported up to the end of the window: qoa-1, qoa-2", behind=("qoa-1", "qoa-2")
    )
    yield _case("no value", "unknown", "response_time.p95 cannot be computed", value=None)
    for broken in (float("nan"), float("inf"), float("-inf")):
        yield _case(f"value {broken}", "unknown", "response_time.p95 cannot be computed", value=broken)
    yield _case(
        "value inf, at least", "unknown", "response_time.p95 cannot be computed", value=float("inf"), operator=">="
    )
    yield _case("error inf", "unknown", "response_time.p95 cannot be computed", error=float("inf"))
    yield _case("error NaN", "unknown", "response_time.p95 cannot be computed", error=float("nan"))
    yield _case("enough samples", "pass", GOOD, count=30)
    yield _case("one sample too few", "unknown", "29 of at least 30 samples", count=29)
    yield _case("no samples needed", "pass", GOOD, count=0, least_count=0)
    yield _case("complete enough", "pass", GOOD, completeness=0.95)
    yield _case(
        "not complete enough", "unknown", "94.99 % of records are complete, less than 95 %", completeness=0.9499
    )
    yield _case(
        "just not complete enough",
        "unknown",
        "94.9999 % of records are complete, less than 95 %",
        completeness=0.949999,
    )
    yield _case("completeness not known", "unknown", "how many records are complete is not known", completeness=None)
    yield _case("completeness NaN", "unknown", "how many records are complete is not known", completeness=float("nan"))
    yield _case(
        "completeness not known nor needed",
        "unknown",
        "how many records are complete is not known",
        completeness=None,
        least_completeness=0.0,
    )
    yield _case("truth enough", "pass", GOOD, coverage=0.5, least_coverage=0.5)
    yield _case(
        "truth too little",
        "unknown",
        "the truth of 40 % of predictions is known, less than 50 %",
        coverage=0.4,
        least_coverage=0.5,
    )
    yield _case(
        "no truth",
        "unknown",
        "the truth of 0 % of predictions is known, less than 50 %",
        coverage=0.0,
        least_coverage=0.5,
    )
    yield _case("truth not known", "unknown", "how many truths are known is not known", least_coverage=0.5)
    yield _case(
        "truth NaN", "unknown", "how many truths are known is not known", coverage=float("nan"), least_coverage=0.5
    )
    yield _case("no truth is needed", "pass", GOOD, coverage=0.0)


def _errors() -> Iterator[Case]:
    """The threshold where the value may be, and next to it."""
    between = "response_time.p95 is between {} and {}, on either side of 0.2"
    yield _case("surely below", "pass", "response_time.p95 is 0.125, at most 0.2", value=0.125, error=0.0625)
    yield _case("surely above", "violated", "response_time.p95 is 0.375, more than 0.2", value=0.375, error=0.125)
    yield _case("perhaps above", "unknown", between.format(0.125, 0.25), value=0.1875, error=0.0625)
    yield _case("perhaps below", "unknown", between.format(0.1875, 0.3125), value=0.25, error=0.0625)
    yield _case("at the threshold", "unknown", between.format(0.1, 0.3), value=0.2, error=0.1)
    yield _case(
        "at the threshold, an objective from below",
        "unknown",
        between.format(0.1, 0.3),
        value=0.2,
        error=0.1,
        operator=">=",
    )
    touching = "response_time.p95 is between {} and {}, on either side of 0.25"
    yield _case(
        "up to the threshold", "unknown", touching.format(0.125, 0.25), value=0.1875, error=0.0625, threshold=0.25
    )
    yield _case(
        "down to the threshold", "unknown", touching.format(0.25, 0.375), value=0.3125, error=0.0625, threshold=0.25
    )
    yield _case(
        "an error that is very small", "unknown", between.format("0.199999999", "0.200000001"), value=0.2, error=1e-9
    )


def _budgets() -> Iterator[Case]:
    """Bad windows that a budget forgives, and that it does not."""
    within = "within the budget: bad windows in the period: {}, and {} allowed"
    spent = "bad windows in the period: {}, and {} allowed"

    def case(name: str, verdict: str, *reasons: str, value: float | None = 0.3, **changes: Any) -> Case:
        return _case(f"budget: {name}", verdict, *reasons, value=value, budget=replace(BUDGET, **changes))

    yield case("the first bad one", "pass", BAD, within.format(1, 10))
    yield case("the last one allowed", "pass", BAD, within.format(10, 10), violated=9)
    yield case("one too many", "violated", BAD, spent.format(11, 10), violated=10)
    yield case("many too many", "violated", BAD, spent.format(51, 10), violated=50)
    yield case("a good one", "pass", GOOD, value=0.1)
    yield case("a good one after all is spent", "pass", GOOD, value=0.1, violated=50)
    yield case("the first window of all", "violated", BAD, spent.format(1, 0), windows=0)
    yield case("just as many windows as allow one", "pass", BAD, within.format(1, 1), windows=9)
    yield case("one less", "violated", BAD, spent.format(1, 0), windows=8)
    yield case("0.99 of 100", "pass", BAD, within.format(1, 1), target=0.99)
    yield case("0.99 of 99", "violated", BAD, spent.format(1, 0), target=0.99, windows=98)
    yield case("0.999 of 3000", "pass", BAD, within.format(3, 3), target=0.999, windows=2999, violated=2)
    yield case("none is allowed", "violated", BAD, spent.format(1, 0), target=1.0)
    yield case("unknown ones give nothing", "violated", BAD, spent.format(1, 0), windows=8, unknown=1000)
    yield case("no value", "unknown", "response_time.p95 cannot be computed", value=None)

    slow = "the budget burns at {} times its rate, and 14.4 is the limit"
    yield case("it burns", "violated", BAD, slow.format(20), burn_rate=20.0, burn_rate_limit=14.4)
    yield case("it burns at the limit", "violated", BAD, slow.format(14.4), burn_rate=14.4, burn_rate_limit=14.4)
    yield case("it burns below the limit", "pass", BAD, within.format(1, 10), burn_rate=14.3, burn_rate_limit=14.4)
    yield case("it burns without a limit", "pass", BAD, within.format(1, 10), burn_rate=100.0)
    yield case("a good one while it burns", "pass", GOOD, value=0.1, burn_rate=20.0, burn_rate_limit=14.4)
    both = (spent.format(11, 10), slow.format(20))
    yield case("spent and burning", "violated", BAD, *both, violated=10, burn_rate=20.0, burn_rate_limit=14.4)
    unsure = "its burn rate is not known"
    yield case("burn rate not known", "unknown", BAD, unsure, burn_rate=None, burn_rate_limit=14.4)
    yield case("burn rate infinite", "unknown", BAD, unsure, burn_rate=float("inf"), burn_rate_limit=14.4)
    yield case("burn rate not known nor limited", "pass", BAD, within.format(1, 10), burn_rate=None)
    late = {"violated": 10, "burn_rate": None, "burn_rate_limit": 14.4}
    yield case("spent, burn rate not known", "violated", BAD, spent.format(11, 10), **late)


def _together() -> Iterator[Case]:
    """Several at once: all doubts in their order, and a doubt before a comparison and before a budget."""
    doubts = (
        "the contract is not valid in this window",
        "the window is not over",
        "not reported up to the end of the window: qoa-1",
        "response_time.p95 cannot be computed",
        "0 of at least 30 samples",
        "how many records are complete is not known",
        "the truth of 0 % of predictions is known, less than 50 %",
    )
    changes = {"applies": False, "closed": False, "behind": ("qoa-1",), "value": None, "count": 0, "completeness": None}
    yield _case("all doubts", "unknown", *doubts, **changes, coverage=0.0, least_coverage=0.5)
    yield _case("a bad value of too few", "unknown", "3 of at least 30 samples", value=0.3, count=3)
    spent = replace(BUDGET, violated=50, burn_rate=20.0, burn_rate_limit=14.4)
    yield _case(
        "a bad value of too few, budget spent", "unknown", "3 of at least 30 samples", value=0.3, count=3, budget=spent
    )
    yield _case("an operator that there is not", "unknown", "there is no operator ==", operator="==")
    odd = 'psi["ä\\n"]'
    yield _case("a name with every kind of sign", "pass", f"{odd} is 0.1, at most 0.2", figure=odd)
    yield _case(
        "an engine with every kind of sign",
        "unknown",
        f"not reported up to the end of the window: {odd}",
        behind=(odd,),
    )


CASES = [*_comparisons(), *_numbers(), *_doubts(), *_errors(), *_budgets(), *_together()]
