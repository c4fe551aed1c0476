"""Standing: how every objective of the contracts in use stands in the latest window that was judged. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hallmark.qoa.v1.report_pb2 import Budget, WindowVerdict
from hallmark_qoa.judge.promises import Promise

VERDICTS = ("pass", "violated", "unknown")


@dataclass(frozen=True, slots=True)
class Standing:
    """One objective: of several consumers and variants, each figure is the worst."""

    promise: Promise
    verdicts: Mapping[str, int]
    """Consumers and variants by their verdict."""
    ended_ns: int
    """End of the window in the time of events, nanoseconds since 1970."""
    value: float | None
    """What was observed, in the unit of the metric; None where it is known of none."""
    completeness: float
    """Share of records that are complete."""
    burn_rate: float | None
    """None where there is no budget, or nothing has been judged."""
    budget_left: float | None
    """Share of the budget, below 0 where more than all of it has gone; None likewise."""


def standing(promise: Promise, verdicts: Iterable[WindowVerdict]) -> Standing | None:
    """How an objective stands, of verdicts of its contract and of windows of its size; None where none is of it."""
    own = [one for one in verdicts if one.objective == promise.objective.name]
    if not own:
        return None
    start_ns = max(one.start.ToNanoseconds() for one in own)
    latest = [one for one in own if one.start.ToNanoseconds() == start_ns]
    words = Counter(one.verdict for one in latest)
    budgets = [one.budget for one in latest if one.HasField("budget")]
    return Standing(
        promise,
        {word: words[word] for word in VERDICTS},
        start_ns + promise.objective.window_s * 10**9,
        _worst(promise, [one.observed for one in latest if one.HasField("observed")]),
        min(one.completeness for one in latest),
        max((budget.burn_rate for budget in budgets if budget.HasField("burn_rate")), default=None),
        min((left for left in map(_left, budgets) if left is not None), default=None),
    )


def _worst(promise: Promise, observed: Sequence[float]) -> float | None:
    pick = max if promise.objective.operator in ("<", "<=") else min
    return pick(observed, default=None)


def _left(budget: Budget) -> float | None:
    """1 less the share of violated windows, divided by the share that is allowed."""
    if budget.windows == 0 or budget.target >= 1:
        return None
    return 1 - budget.violated / budget.windows / (1 - budget.target)
