"""What was promised, whether it was kept, and when it was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from hallmark.qoa.v1.report_pb2 import Evidence, WindowVerdict
from hallmark_cli.render.amounts import amount
from hallmark_cli.render.verdict import observed, promise
from hallmark_cli.report.story.points import Point, Series
from hallmark_common.reports import blamed, window_name

MAX_EVIDENCE = 3
NOBODY = "nothing in particular"

OVERDRAWN = -1.0
"""The least that is shown to be left of a budget: the first bad window of few takes all of it many times over."""

Key = tuple[str, str, str, int]
"""Contract, objective, segment, size of the windows."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One prediction that proves a violation."""

    prediction_id: str
    trace_id: str
    span_id: str
    stage: str
    text: str
    """What was observed there."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Violated windows of an objective that follow each other, none between them that passes."""

    contract: str
    objective: str
    promise: str
    start_s: float
    end_s: float
    """End of the last violated window, in seconds since 1970."""
    windows: int
    observed: str
    """The worst that was observed, with its unit."""
    blames: tuple[str, ...]
    """What is to blame in each of the windows, such as ``stage inference``."""
    why: str
    """Why what is blamed in the first window is."""
    evidence: tuple[Proof, ...]
    """Of the first window."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of a contract over the whole period."""

    contract: str
    version: str
    objective: str
    severity: str
    promise: str
    """Such as ``response_time.p95 <= 200 ms``."""
    series: Series
    passed: int
    violated: int
    unknown: int
    observed: str
    """In its last window, with its unit."""
    last: str
    """Its last verdict."""
    why: tuple[str, ...]
    """Reasons of the last verdict where that is not ``pass``."""
    episodes: tuple[Episode, ...]
    budget: Series | None
    """What is left of its error budget over time, 1 being all of it, below 0 overdrawn; None where it has none."""
    burn_rate: float | None
    """The last one that was told."""

    @property
    def window(self) -> str:
        """Size of its windows."""
        return window_name(self.series.size_s)

    @property
    def kept(self) -> float | None:
        """Share of its judged windows that passed."""
        judged = self.passed + self.violated
        return self.passed / judged if judged else None


def promises(verdicts: Iterable[WindowVerdict]) -> tuple[Promise, ...]:
    """The verdicts of one consumer, model and variant by objective; the least kept ones first."""
    unique = {(*_key(verdict), verdict.start.ToNanoseconds()): verdict for verdict in verdicts}
    ordered = [unique[key] for key in sorted(unique)]
    found = [_promise(list(group)) for _, group in groupby(ordered, key=_key)]
    return tuple(sorted(found, key=lambda each: (-each.violated, each.kept is not None, each.contract)))


def _key(verdict: WindowVerdict) -> Key:
    return verdict.contract, verdict.objective, verdict.segment, verdict.window_s


def _promise(verdicts: Sequence[WindowVerdict]) -> Promise:
    last = verdicts[-1]
    counts = [sum(each.verdict == name for each in verdicts) for name in ("pass", "violated", "unknown")]
    rates = [each.budget.burn_rate for each in verdicts if each.budget.HasField("burn_rate")]
    return Promise(
        contract=last.contract,
        version=last.contract_version,
        objective=last.objective,
        severity=last.severity,
        promise=promise(last),
        series=_series(verdicts),
        passed=counts[0],
        violated=counts[1],
        unknown=counts[2],
        observed=observed(last),
        last=last.verdict,
        why=() if last.verdict == "pass" else tuple(last.reasons),
        episodes=tuple(_episodes(verdicts)),
        budget=_budget(verdicts),
        burn_rate=rates[-1] if rates else None,
    )


def _series(verdicts: Sequence[WindowVerdict]) -> Series:
    last = verdicts[-1]
    points = tuple(
        Point(
            start_s=each.start.ToNanoseconds() / 1e9,
            value=each.observed if each.HasField("observed") else None,
            verdict=each.verdict,
            count=each.count,
            completeness=each.completeness,
        )
        for each in verdicts
    )
    title = f"{last.figure} of {last.segment}" if last.segment else last.figure
    return Series(title, last.figure, last.unit, last.window_s, points, last.threshold, last.operator)


def _episodes(verdicts: Sequence[WindowVerdict]) -> Iterable[Episode]:
    """Runs of windows none of which passes, cut to their violated ones."""
    for passed, group in groupby(verdicts, key=lambda each: each.verdict == "pass"):
        violated = [each for each in group if each.verdict == "violated"]
        if violated and not passed:
            yield _episode(violated)


def _episode(violated: Sequence[WindowVerdict]) -> Episode:
    first, last = violated[0], violated[-1]
    known = [each for each in violated if each.HasField("observed")]
    pick = min if first.operator.startswith(">") else max
    worst = pick(known, key=lambda each: each.observed) if known else first
    return Episode(
        contract=first.contract,
        objective=first.objective,
        promise=promise(first),
        start_s=first.start.seconds,
        end_s=last.start.seconds + last.window_s,
        windows=len(violated),
        observed=observed(worst),
        blames=tuple(blamed(each.blame) or NOBODY for each in violated),
        why=first.blame.detail or " ".join(first.reasons),
        evidence=tuple(_proof(each, first) for each in first.evidence[:MAX_EVIDENCE]),
    )


def _proof(evidence: Evidence, verdict: WindowVerdict) -> Proof:
    text = evidence.detail or amount(evidence.observed, verdict.unit, verdict.figure)
    return Proof(evidence.prediction_id, evidence.trace_id, evidence.span_id, evidence.stage, text)


def _budget(verdicts: Sequence[WindowVerdict]) -> Series | None:
    """Share of the error budget that is left at each window."""
    told = [each for each in verdicts if each.HasField("budget")]
    if not told:
        return None
    points = tuple(Point(each.start.seconds, _left(each), each.verdict) for each in told)
    return Series("error budget left", "error budget left", "ratio", told[-1].window_s, points, 0.0, ">=")


def _left(verdict: WindowVerdict) -> float | None:
    """1 less the share of the allowed windows that are bad, as the default policy counts: of those judged so far."""
    judged = verdict.budget.windows + 1
    allowed = judged * (1 - verdict.budget.target)
    bad = verdict.budget.violated + (1 if verdict.bad else 0)
    return max(1 - bad / allowed, OVERDRAWN) if allowed > 0 else None
