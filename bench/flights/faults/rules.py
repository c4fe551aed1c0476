"""Rules: what each of the three looks at in a window, where its thresholds are, and when it raises an alarm. Pure.

The thresholds of all three come from the same fault-free windows in the same way: the worst value seen, and a quarter
of its distance from the median beyond.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

import yaml

from bench.flights.faults.drive import Seen
from bench.flights.faults.plan import Cause
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_common.catalogue import CATALOGUE, figure_key

BEYOND = 0.25
NUMBERS = ("hour", "distance", "temp", "wind_speed", "precip", "visib", "pressure", "humid")
MEAN_LATENCY = "mean latency"
"""Of the requests of a window, seen by whoever asked."""
RULES = ("hallmark", MEAN_LATENCY, "each report")


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise of the contract of the study."""

    name: str
    metric: str
    operator: str
    of: str = ""
    aggregate: str = ""

    @property
    def key(self) -> str:
        """Of the figure that is judged."""
        return figure_key(self.metric, self.of, self.aggregate)

    @property
    def awaits_truth(self) -> bool:
        """Whether it is judged only once the truth is told."""
        return CATALOGUE[self.metric].needs_truth


OBJECTIVES = (
    Objective("fast", "response_time", "<=", aggregate="p90"),
    Objective("preprocess-fast", "stage_time", "<=", "preprocess", "p90"),
    Objective("inference-fast", "stage_time", "<=", "inference", "p90"),
    # A process that does not get to run leaves little on its own span: requests wait before they reach it.
    Objective("preprocess-reached", "transit_time", "<=", "preprocess", "p50"),
    Objective("inference-reached", "transit_time", "<=", "inference", "p50"),
    Objective("complete", "completeness", ">="),
    *(Objective(f"{column.replace('_', '-')}-as-trained", "kolmogorov_smirnov", "<=", column) for column in NUMBERS),
    Objective("answers-vary", "prediction", ">=", aggregate="p90"),
    Objective("honest", "brier_score", "<="),
    Objective("reported", "record_completeness", ">="),
)
KEYS = tuple(objective.key for objective in OBJECTIVES)

Thresholds = Mapping[str, float]
"""By key of a figure of the contract, by MEAN_LATENCY, and by stage for reports."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a rule says of one window; it blames nothing where it has no way to."""

    window: int
    blames: tuple[Cause, ...]
    awaited: bool
    """Whether it could only be raised once the truth was told."""


def thresholds(runs: Iterable[Seen]) -> dict[str, float]:
    """The thresholds that follow from fault-free runs."""
    samples: dict[str, list[float]] = {}
    for seen in runs:
        for window, records in zip(seen.windows, seen.records, strict=True):
            for key, value in {**_figures(window), **_latency(records), **_slowest(records)}.items():
                samples.setdefault(key, []).append(value)
    higher = {objective.key for objective in OBJECTIVES if objective.operator == ">="}
    return {key: _threshold(values, max if key not in higher else min) for key, values in samples.items()}


def contract(found: Thresholds) -> str:
    """The contract of the study as YAML."""
    objectives = [
        {
            "name": objective.name,
            "metric": objective.metric,
            **({"of": objective.of} if objective.of else {}),
            **({"aggregate": objective.aggregate} if objective.aggregate else {}),
            "operator": objective.operator,
            "threshold": found[objective.key],
            "window": "10s",
            "least_count": 20,
        }
        for objective in OBJECTIVES
    ]
    document = {"name": "study", "consumer": "*", "model": {"name": "flights"}, "objectives": objectives}
    return yaml.safe_dump(document, sort_keys=False)


def alarms(rule: str, seen: Seen, found: Thresholds) -> list[Alarm]:
    """What a rule says of the windows of a run."""
    if rule == "hallmark":
        told = [_verdicts(number, window) for number, window in enumerate(seen.windows)]
    elif rule == MEAN_LATENCY:
        told = [
            Alarm(number, (), False) if _latency(records)[MEAN_LATENCY] > found[MEAN_LATENCY] else None
            for number, records in enumerate(seen.records)
        ]
    else:
        told = [_reports(number, records, found) for number, records in enumerate(seen.records)]
    return [alarm for alarm in told if alarm is not None]


def _verdicts(number: int, window: WindowReport) -> Alarm | None:
    violated = [one for one in window.verdicts if one.verdict == "violated"]
    if not violated:
        return None
    awaits = {objective.name: objective.awaits_truth for objective in OBJECTIVES}
    blames = dict.fromkeys(Cause(one.blame.kind, one.blame.name) for one in violated)
    return Alarm(number, tuple(blames), all(awaits[one.objective] for one in violated))


def _reports(number: int, records: Sequence[QualityRecord], found: Thresholds) -> Alarm | None:
    """Blames the stage of most alarms; of several, the innermost, for the others wait for it."""
    over = Counter(stage.name for record in records for stage in record.stages if stage.duration_ms > found[stage.name])
    if not over:
        return None
    order = ("web", "preprocess", "inference")
    worst = max(over, key=lambda name: (over[name], order.index(name)))
    return Alarm(number, (Cause("stage", worst),), False)


def _figures(window: WindowReport) -> dict[str, float]:
    there = {key: window.figures[key] for key in KEYS if key in window.figures}
    return {key: figure.value for key, figure in there.items() if figure.HasField("value")}


def _latency(records: Sequence[QualityRecord]) -> dict[str, float]:
    return {MEAN_LATENCY: mean(record.duration_ms for record in records if record.HasField("duration_ms"))}


def _slowest(records: Sequence[QualityRecord]) -> dict[str, float]:
    """The highest response time of each stage, milliseconds."""
    slowest: dict[str, float] = {}
    for record in records:
        for stage in record.stages:
            slowest[stage.name] = max(slowest.get(stage.name, 0.0), stage.duration_ms)
    return slowest


def _threshold(values: Sequence[float], worst_of: object) -> float:
    assert callable(worst_of)
    worst = worst_of(values)
    return float(f"{worst + BEYOND * (worst - median(values)):.6g}")
