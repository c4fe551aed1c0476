"""Facts: what a policy is told about one objective in one window, and what it answers. Pure."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Operator = Literal["<", "<=", ">", ">="]
Verdict = Literal["pass", "violated", "unknown"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The share of windows that may be bad, and how much of it is used (OpenSLO: time slices)."""

    target: float
    """Share of the windows of the period that must be good, such as 0.99."""
    windows: int
    """Good and bad windows of the period up to this one, which is not counted."""
    violated: int
    """Bad windows of these."""
    unknown: int
    """Windows of the period that are neither; they are not counted above."""
    burn_rate: float | None
    """Bad share of a look-back, divided by 1 - target; None where no window in it is good or bad."""
    burn_rate_limit: float | None
    """None where it does not matter."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One objective of a contract in one window."""

    contract: str
    contract_version: str
    objective: str
    figure: str
    """Key of the figure, such as ``response_time.p95``."""
    unit: str
    """Of value and threshold, as it is written; empty where there is none."""
    operator: Operator
    threshold: float
    value: float | None
    """What was observed; None where it cannot be computed."""
    error: float
    """The most by which the value may be off, in its unit."""
    count: int
    """Samples that the value is made of."""
    least_count: int
    records: int
    completeness: float | None
    """Share of the records that are complete; at least, where others may be of the same part of the window."""
    least_completeness: float
    coverage: float | None
    """Share of the predictions whose truth is known; None, as the next one, where the metric needs no truth."""
    least_coverage: float | None
    applies: bool
    """Whether the contract is valid in all of this window."""
    closed: bool
    """Whether the window is over."""
    behind: tuple[str, ...]
    """Engines that have not reported up to the end of the window."""
    budget: Budget | None
    window_s: int
    start: str
    """Start and end of the window, RFC 3339."""
    end: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and sentences for people that say why."""

    verdict: Verdict
    reasons: tuple[str, ...]
    failed: bool = field(default=False, compare=False)
    """Whether nobody could be asked, so that it is worth asking again."""


AS_THEY_ARE = (
    *("contract", "contract_version", "objective", "figure", "unit", "operator", "count", "least_count", "records"),
    *("applies", "closed", "window_s", "start", "end"),
)


def to_input(facts: Facts) -> dict[str, object]:
    """What a policy sees of facts, as JSON: described in policies/README.md.

    It holds what a policy would otherwise have to compute. Evaluators do not compute alike: 0.3 - 0.1 is less than 0.2
    in binary floating point, and not in OPA; regopy takes numbers for equal that differ in the last of 17 digits. So
    the side of the threshold that a value is on, and the number of windows that a budget allows, are computed here.
    What was observed as infinite or NaN is null; JSON refuses what was promised as such.
    """
    value, error, low, high = _observed(facts)
    return {
        **{name: getattr(facts, name) for name in AS_THEY_ARE},
        **_numbers(
            threshold=facts.threshold,
            value=value,
            error=error,
            low=low,
            high=high,
            completeness=_finite(facts.completeness),
            least_completeness=facts.least_completeness,
            coverage=_finite(facts.coverage),
            least_coverage=facts.least_coverage,
        ),
        "side": None if low is None or high is None else _side(facts, low, high),
        "behind": list(facts.behind),
        "budget": None if facts.budget is None else _budget(facts.budget),
        "text": _texts(facts, value, facts.threshold, low, high),
    }


def _numbers(**numbers: float | None) -> dict[str, float | None]:
    """Zero for those that are so small that regopy cannot read them."""
    tiny = sys.float_info.min
    return {name: 0.0 if number is not None and abs(number) < tiny else number for name, number in numbers.items()}


def _observed(facts: Facts) -> tuple[float | None, float | None, float | None, float | None]:
    """Value, error, and the least and the most that the value may be; no value where one of the others is none."""
    if facts.value is None:
        return None, _finite(facts.error), None, None
    low, high = facts.value - facts.error, facts.value + facts.error
    if math.isfinite(low) and math.isfinite(high):
        return facts.value, facts.error, low, high
    return None, _finite(facts.error), None, None


def _side(facts: Facts, low: float, high: float) -> str:
    """Where a value is, seen from the threshold: ``either`` side where the threshold is where the value may be."""
    if low < high and low <= facts.threshold <= high:
        return "either"
    if low > facts.threshold:
        return "above"
    return "below" if high < facts.threshold else "at"


def _finite(number: float | None) -> float | None:
    """JSON knows neither infinity nor NaN, and a policy takes null for what is not known."""
    return number if number is not None and math.isfinite(number) else None


def _budget(budget: Budget) -> dict[str, object]:
    rate, limit = _finite(budget.burn_rate), budget.burn_rate_limit
    return {
        "windows": budget.windows,
        "violated": budget.violated,
        "unknown": budget.unknown,
        "allowed": allowed(budget),
        **_numbers(target=budget.target, burn_rate=rate, burn_rate_limit=limit),
    }


def allowed(budget: Budget) -> int:
    """How many windows of the period may be bad, this one included: (1 - target) · (windows + 1), rounded down.

    Exactly, of the target as it is written: in floating point 10 windows at a target of 0.9 would allow none.
    """
    return math.floor((1 - Fraction(repr(budget.target))) * (budget.windows + 1))


def _texts(facts: Facts, *observed: float | None) -> dict[str, str | None]:
    """Numbers as people read them; ``observed`` are value, threshold, low and high."""
    value, threshold, low, high = (text and f"{text} {facts.unit}".rstrip() for text in told(*observed))
    complete, least_complete = _percentages(facts.completeness, facts.least_completeness)
    covered, least_covered = _percentages(facts.coverage, facts.least_coverage)
    budget = facts.budget
    rate, limit = told(budget.burn_rate, budget.burn_rate_limit) if budget is not None else (None, None)
    return {
        "value": value,
        "threshold": threshold,
        "low": low,
        "high": high,
        "completeness": complete,
        "least_completeness": least_complete,
        "coverage": covered,
        "least_coverage": least_covered,
        "burn_rate": rate,
        "burn_rate_limit": limit,
    }


def _percentages(*shares: float | None) -> list[str | None]:
    percentages = told(*(None if share is None else 100 * share for share in shares))
    return [None if text is None else f"{text} %" for text in percentages]


def told(*numbers: float | None) -> list[str | None]:
    """Numbers in as few digits, at least four, as show those that differ as different."""
    known = {number for number in numbers if number is not None}
    digits = next((some for some in (4, 6, 9) if len({_rounded(number, some) for number in known}) == len(known)), None)
    return [None if number is None else _rounded(number, digits) for number in numbers]


def _rounded(number: float, digits: int | None) -> str:
    if digits is None:
        return repr(number)
    text = f"{number:.{digits}g}"
    return f"{number:.0f}" if "e+" in text and abs(number) < 1e15 else text


def unknown(facts: Sequence[Facts], reason: str) -> list[Judgement]:
    """The same judgement for all of them: that nobody could be asked, and why."""
    return [Judgement("unknown", (reason,), failed=True)] * len(facts)
