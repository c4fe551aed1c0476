"""Windows of a made-up day, as an engine would tell them: a slow hour, a drift, late truth, and calm ones beside it."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import GetReportRequest, GetReportResponse
from hallmark.qoa.v1.report_pb2 import Blame, Budget, Evidence, Figure, WindowReport, WindowVerdict

DAY_START_S = 1_372_636_800
"""2013-07-01T00:00:00Z."""

MINUTE_S, HOUR_S = 60, 3600
SLOW_HOURS = (9.2, 9.8)
"""When inference is slow, in hours of the day."""

CARRIERS = ("AA", "B6", "DL", "EV", "UA", "WN")
COLUMNS = ("carrier", "origin", "dest", "hour", "temp", "visib", "@prediction")


def prediction_id(number: int) -> str:
    """The id of a made-up prediction."""
    return f"{number + 1:032x}-{number + 1:016x}"


def evidence(number: int, observed: float, stage: str = "inference", detail: str = "") -> Evidence:
    """A span that proves something."""
    identity = prediction_id(number)
    return Evidence(
        prediction_id=identity,
        trace_id=identity[:32],
        span_id=identity[33:],
        stage=stage,
        observed=observed,
        started_at=Timestamp(seconds=DAY_START_S + number),
        detail=detail,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose predictions of which model."""

    consumer: str = "operations"
    model: str = "flights"
    variant: str = "default"


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised."""

    name: str
    figure: str
    operator: str
    threshold: float
    unit: str = "1"
    contract: str = "flights-operations"
    severity: str = "warning"
    budget: bool = False


FAST = Objective("fast-enough", "response_time.p95", "<=", 0.2, "s", severity="critical", budget=True)
THERE = Objective("there", "availability", ">=", 0.99)
STABLE = Objective("stable-carriers", "psi[carrier]", "<=", 0.25)
RIGHT = Objective("right-enough", "accuracy", ">=", 0.8)


def verdict_of(
    subject: Subject, objective: Objective, start_s: int, size_s: int, observed: float | None, count: int = 300
) -> WindowVerdict:
    """The verdict that follows from what was observed; None is unknown."""
    kept = {"<=": lambda: observed <= objective.threshold, ">=": lambda: observed >= objective.threshold}
    name = "unknown" if observed is None else "pass" if kept[objective.operator]() else "violated"
    verdict = WindowVerdict(
        contract=objective.contract,
        contract_version="1",
        objective=objective.name,
        severity=objective.severity,
        consumer=subject.consumer,
        model=subject.model,
        variant=subject.variant,
        window_s=size_s,
        start=Timestamp(seconds=start_s),
        verdict=name,
        reasons=_reasons(objective, name, observed),
        figure=objective.figure,
        operator=objective.operator,
        threshold=objective.threshold,
        observed=observed,
        count=count,
        completeness=0.98,
        unit=objective.unit,
        bad=name == "violated",
    )
    if name == "violated":
        _prove(verdict, start_s)
    return verdict


def _reasons(objective: Objective, name: str, observed: float | None) -> list[str]:
    if name == "unknown":
        return ["the truth of 0 % of the predictions is known, 50 % are wanted"]
    return [] if name == "pass" else [f"{objective.figure} is {observed:.3g}, beyond {objective.threshold:g}"]


def _prove(verdict: WindowVerdict, number: int) -> None:
    column = verdict.figure.startswith("psi")
    verdict.blame.CopyFrom(
        Blame(kind="column", name="carrier", detail="UA is 31 % of the flights, 17 % in the training data")
        if column
        else Blame(kind="stage", name="inference", detail="its own time is 290 ms, 4.1 ms is usual", stage="inference")
    )
    details = ("carrier = UA", "preprocess") if column else ("", "inference")
    verdict.evidence.extend(
        evidence(number + rank, verdict.observed * (1.4 - rank / 10), details[1], details[0]) for rank in range(3)
    )


def figures_of(rng: random.Random, hour: float, slow: bool) -> dict[str, float | None]:
    """Figures of a window at an hour of the day."""
    base = 0.004 + 0.003 * math.sin(hour / 24 * math.pi) + rng.random() * 0.001
    p95 = 0.31 + rng.random() * 0.1 if slow else base * 3
    figures: dict[str, float | None] = {
        "response_time.p50": base + (0.2 if slow else 0),
        "response_time.p95": p95,
        "response_time.p99": p95 * 1.4,
        "availability": 1.0 if rng.random() < 0.97 else 0.995,
        "validity": 0.99 + rng.random() * 0.01,
        "accuracy": None if hour < 6 else 0.82 + rng.random() * 0.04,
        "label_coverage": min(hour / 12, 1.0),
        "label_delay.p50": 5000 + 900 * rng.random(),
        "calibration_error": 0.03 + rng.random() * 0.02,
        "brier_score": 0.15 + rng.random() * 0.02,
    }
    for rank, column in enumerate(COLUMNS):
        drifts = 0.3 if column == "carrier" and hour > 15 else 0.0
        figures[f"psi[{column}]"] = 0.01 * (rank + 1) * (1 + rng.random()) + drifts
    return figures


def window(
    subject: Subject,
    start_s: int,
    size_s: int,
    figures: dict[str, float | None],
    verdicts: Sequence[WindowVerdict] = (),
    *,
    count: int = 300,
    segment: str = "",
    closed: bool = True,
) -> WindowReport:
    """One window as the engine tells it."""
    names = {verdict.verdict for verdict in verdicts}
    return WindowReport(
        consumer=subject.consumer,
        model=subject.model,
        variant=subject.variant,
        versions=["1"],
        segment=segment,
        window_s=size_s,
        start=Timestamp(seconds=start_s),
        closed=closed,
        count=count,
        completeness=0.98,
        figures={key: Figure(value=value, count=count, error=0.001) for key, value in figures.items()},
        verdict=next((name for name in ("violated", "unknown", "pass") if name in names), ""),
        verdicts=verdicts,
    )


def minutes(subject: Subject, *, judged: bool = True, hours: float = 24, seed: int = 1) -> Iterator[WindowReport]:
    """Windows of a minute of one day: two objectives, one of which breaks in the slow hour."""
    rng = random.Random(seed)
    violated = 0
    for index in range(round(hours * 60)):
        hour = index / 60
        # Nobody flies at night.
        if 2 <= hour < 4:
            continue
        start_s = DAY_START_S + index * MINUTE_S
        slow = judged and SLOW_HOURS[0] <= hour < SLOW_HOURS[1] and rng.random() < 0.8
        figures = figures_of(rng, hour, slow)
        count = round(200 + 150 * math.sin(hour / 24 * math.pi))
        verdicts = [
            verdict_of(subject, each, start_s, MINUTE_S, figures[each.figure], count)
            for each in (FAST, THERE)
            if judged
        ]
        for verdict in verdicts[:1]:
            verdict.budget.CopyFrom(
                Budget(target=0.95, period_s=86_400, windows=index, violated=violated, burn_rate=violated / 70)
            )
            violated += verdict.bad
        yield window(subject, start_s, MINUTE_S, figures, verdicts, count=count)


def hours_of(subject: Subject, seed: int = 2) -> Iterator[WindowReport]:
    """Windows of an hour of one day: a drift in the afternoon, and no truth before six."""
    rng = random.Random(seed)
    for hour in range(24):
        start_s = DAY_START_S + hour * HOUR_S
        figures = figures_of(rng, hour, slow=hour == 9)
        verdicts = [verdict_of(subject, each, start_s, HOUR_S, figures[each.figure], 9000) for each in (STABLE, RIGHT)]
        yield window(subject, start_s, HOUR_S, figures, verdicts, count=9000, closed=hour < 23)


def segments_of(subject: Subject, seed: int = 3) -> Iterator[WindowReport]:
    """Windows of an hour of each carrier."""
    rng = random.Random(seed)
    for hour in range(24):
        for rank, carrier in enumerate(CARRIERS):
            figures = figures_of(rng, hour, slow=False)
            chosen = {
                "response_time.p95": figures["response_time.p95"],
                "accuracy": 0.75 + 0.02 * rank + 0.02 * rng.random(),
            }
            start_s = DAY_START_S + hour * HOUR_S
            yield window(subject, start_s, HOUR_S, chosen, count=900, segment=f"carrier={carrier}")


def a_day() -> list[WindowReport]:
    """What an engine with a contract about one of three consumers has after a day."""
    flights, digits, other = Subject(), Subject("page", "digits"), Subject("anonymous")
    calm = list(minutes(digits, judged=False, seed=4))
    for each in calm:
        figure = each.figures["response_time.p95"]
        good = Objective("answers-at-once", "response_time.p95", "<=", 0.05, "s", "digits-page")
        each.verdicts.append(verdict_of(digits, good, each.start.seconds, each.window_s, figure.value, each.count))
        each.verdict = "pass"
        each.ClearField("figures")
        each.figures["response_time.p95"].CopyFrom(figure)
    return [
        *minutes(flights),
        *hours_of(flights),
        *segments_of(flights),
        *calm,
        *minutes(other, judged=False, hours=3, seed=5),
    ]


def answer(windows: Sequence[WindowReport], request: GetReportRequest) -> GetReportResponse:
    """What an engine with these windows answers."""
    size_s = request.window_s or min(each.window_s for each in windows)
    found = [each for each in windows if each.window_s == size_s and _matches(each, request)]
    found.sort(key=lambda each: (each.start.seconds, each.consumer, each.model, each.variant, each.segment))
    limit = request.limit or 50
    return GetReportResponse(windows=[_only(each, request.figures) for each in found[-limit:]], more=len(found) > limit)


def _matches(each: WindowReport, request: GetReportRequest) -> bool:
    since, before = getattr(request, "from"), request.before
    return (
        request.consumer in ("", each.consumer)
        and request.model in ("", each.model)
        and request.variant in ("", each.variant)
        and request.segment in ("*", each.segment)
        and (not request.HasField("from") or each.start.seconds >= since.seconds)
        and (not request.HasField("before") or each.start.seconds < before.seconds)
    )


def _only(each: WindowReport, keys: Sequence[str]) -> WindowReport:
    copy = WindowReport()
    copy.CopyFrom(each)
    for key in [key for key in copy.figures if keys and key not in keys and key.partition("[")[0] not in keys]:
        del copy.figures[key]
    return copy
