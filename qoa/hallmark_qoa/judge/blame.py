"""Blame: what of a window departs most from what is usual, by the dimension of the metric that broke its promise. Pure.

What is usual is the median over the windows before, whatever their verdicts were: a few bad ones do not move it, but a
fault that stays becomes usual. So what is largest is blamed where what is usual breaks the promise by more than the
window departs from it, as it is where there is nothing before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import NamedTuple

from hallmark.qoa.v1.report_pb2 import Blame
from hallmark_common import attributes
from hallmark_common.catalogue import ANSWERS, CATALOGUE, Metric, figure_key, resolve, split_spread
from hallmark_common.contracts import Objective
from hallmark_qoa.metrics.context import CategoryColumn, ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure, segments_of
from hallmark_qoa.metrics.worst import worst_of

DATA_STAGE = "preprocess"
MODEL_STAGE = "inference"

_OF_INFERENCE = frozenset({"queue_time", "batch_time", "compute_time", "batch_size"})
_CHECKS = ("error_ratios", "none_ratio", "out_of_range")


@dataclass(frozen=True)
class Case:
    """An objective that was not met, in a window."""

    objective: Objective
    cell: Cell
    """The window."""
    usual: Sequence[Cell]
    """The windows before it, of the same series."""
    context: ModelContext

    @cached_property
    def is_as_usual(self) -> bool:
        """Whether what is usual is farther beyond the threshold than the window is beyond what is usual."""
        key, threshold = self.objective.key, self.objective.threshold
        now, usual = measure(self.cell, self.context, key).value, _usually(self.usual, self.context, key)
        if now is None or usual is None:
            return False
        sign = 1.0 if self.objective.operator in ("<", "<=") else -1.0
        return sign * (usual - threshold) > max(0.0, sign * (now - usual))


class _Departure(NamedTuple):
    """How far one figure is from what it departs from, in its unit; positive is worse."""

    by: float
    name: str
    now: float
    usual: float | None
    key: str


def blame(case: Case) -> Blame:
    """What is to blame; of kind "check" and named after the metric where nothing can be singled out."""
    metric = CATALOGUE[case.objective.metric]
    found = _BLAMERS[metric.dimension](case, metric)
    return found or Blame(
        kind="check", name=case.objective.key, stage=_where(case), detail="nothing more can be told apart"
    )


def _service(case: Case, metric: Metric) -> Blame | None:
    if metric.name in _OF_INFERENCE:
        return _stage(MODEL_STAGE, "it is measured there")
    if metric.name == "transit_time":
        return _slowest(case, _ends(case.objective.of))
    if metric.of == "stage" and case.objective.of:
        return _stage(case.objective.of, "the objective is about it")
    return _slowest(case, attributes.STAGES) if metric.unit == "s" else _failing(case)


def _ends(stage: str) -> Sequence[str]:
    """The caller of a stage and the stage: a way is long too where the caller is late in taking the answer."""
    place = attributes.STAGES.index(stage)
    return attributes.STAGES[max(0, place - 1) : place + 1]


def _slowest(case: Case, stages: Sequence[str]) -> Blame | None:
    """Of these stages the one whose own time and the way to it have grown most together.

    A process that does not get to run shows on the way to it: requests wait before they are accepted.
    """
    aggregate = case.objective.aggregate if case.objective.aggregate.startswith("p") else "p95"
    names = {
        figure_key(metric, stage, aggregate): stage for metric in ("stage_time", "transit_time") for stage in stages
    }
    parts = _departures(case, names)
    together: dict[str, float] = {}
    for part in parts:
        together[part.name] = together.get(part.name, 0.0) + part.by
    stage = max(sorted(together), key=together.__getitem__, default="")
    worst = _worst([part for part in parts if part.name == stage])
    if worst is None:
        return None
    what = "of its own" if worst.key.startswith("stage_time") else "until it was reached"
    return _stage(
        worst.name, f"{worst.name} took {_seconds(worst.now)} {what} at {aggregate}, {_usual(worst, _seconds)}"
    )


def _failing(case: Case) -> Blame | None:
    """The stage at which most of the worst predictions failed."""
    exemplars = worst_of(case.cell, case.context, case.objective.key)
    stages = Counter(exemplar.stage for exemplar in exemplars if exemplar.stage)
    if not stages:
        return None
    stage, count = max(sorted(stages.items()), key=lambda item: item[1])
    return _stage(stage, f"{count} of {stages.total()} predictions that were looked at failed there")


def _data(case: Case, metric: Metric) -> Blame | None:
    if metric.of == "column" and case.objective.of:
        return _column(case.objective.of, "the objective is about it")
    names = {figure_key(check, column): column for check in _CHECKS for column in case.context.columns}
    worst = _worst(_departures(case, names))
    if worst is None or worst.by <= 0:
        return None
    check = worst.key.partition("[")[0]
    return _column(worst.name, f"{check} of {worst.name} is {_share(worst.now)}, {_usual(worst, _share)}")


def _drift(case: Case, _metric: Metric) -> Blame | None:
    if case.objective.of != ANSWERS:
        return _column(case.objective.of, "the objective is about it")
    names = {figure_key("prediction_share", label): label for label in case.context.labels}
    answers = case.context.answers
    shares = answers.shares if isinstance(answers, CategoryColumn) else {}
    found = _departures(case, names, lambda now, usual: abs(now - usual), lambda label: shares.get(label, 0.0))
    worst = _worst(found)
    if worst is None:
        return None
    is_of_reference = case.is_as_usual or worst.usual is None
    beside = f"{_share(shares.get(worst.name, 0.0))} in the reference" if is_of_reference else _usual(worst, _share)
    detail = f"{_share(worst.now)} of the answers are {worst.name}, {beside}"
    return Blame(kind="label", name=worst.name, stage=MODEL_STAGE, detail=detail)


def _model(case: Case, metric: Metric) -> Blame | None:
    """The label or the segment in which the model has got worse by most predictions."""
    sign = -1.0 if metric.direction == "higher" else 1.0
    found = [*_by_label(case), *_by_segment(case, sign)]
    if not found:
        return None
    kind, worst, detail = max(found, key=lambda one: (one[1].by, one[0], one[1].name))
    return Blame(kind=kind, name=worst.name, stage=MODEL_STAGE, detail=detail)


def _by_label(case: Case) -> Iterable[tuple[str, _Departure, str]]:
    names = {figure_key("recall", label): label for label in case.context.labels}
    # Where it is nothing of its own, what a part departs from is the whole.
    whole = measure(case.cell, case.context, "accuracy").value or 0.0
    for one in _departures(case, names, lambda now, usual: usual - now, lambda _label: whole):
        count = measure(case.cell, case.context, one.key).count
        detail = f"of those that are {one.name}, {_share(one.now)} were recognized, {_usual(one, _share)}"
        yield "label", one._replace(by=one.by * count), detail


def _by_segment(case: Case, sign: float) -> Iterable[tuple[str, _Departure, str]]:
    key = case.objective.key
    whole = measure(case.cell, case.context, key).value or 0.0
    for segment in case.cell.segments:
        figure = measure(_segment(case.cell, segment), case.context, key)
        if figure.value is None or figure.count < CATALOGUE[case.objective.metric].least:
            continue
        before = [_segment(one, segment) for one in case.usual if segment in one.segments]
        usual = _usually(before, case.context, key)
        expected = whole if usual is None or case.is_as_usual else usual
        by = sign * (figure.value - expected) * figure.count
        departure = _Departure(by, segment, figure.value, usual, key)
        yield "segment", departure, f"{key} of {segment} is {figure.value:.3g}, {_usual(departure, '{:.3g}'.format)}"


def _fairness(case: Case, _metric: Metric) -> Blame | None:
    """The segment that is worst off."""
    key, dimension = split_spread(case.objective.of)
    metric, _, _ = resolve(key)
    found = [
        (figure.value, f"{dimension}={name}")
        for name, part in segments_of(case.cell, dimension).items()
        if (figure := measure(part, case.context, key)).value is not None and figure.count >= metric.least
    ]
    if not found:
        return None
    value, segment = (min if metric.direction == "higher" else max)(found)
    stage = {"model": MODEL_STAGE, "data": DATA_STAGE}.get(metric.dimension, "")
    return Blame(kind="segment", name=segment, stage=stage, detail=f"{key} of {segment} is {value:.3g}, the worst")


def _cost(case: Case, metric: Metric) -> Blame | None:
    aggregate = case.objective.aggregate or metric.aggregates[0]
    names = {figure_key("cpu_time", stage, aggregate): stage for stage in attributes.STAGES}
    worst = _worst(_departures(case, names))
    if worst is None:
        return None
    return _stage(worst.name, f"{worst.name} used {_seconds(worst.now)} of CPU time, {_usual(worst, _seconds)}")


def _telemetry(case: Case, metric: Metric) -> Blame | None:
    if metric.name.startswith("label"):
        return Blame(kind="telemetry", name="labels", detail="too few truths are known, or they come late")
    names = {figure_key("missing_stages", stage): stage for stage in attributes.STAGES}
    worst = _worst(_departures(case, names))
    if worst is None or worst.by <= 0:
        return None
    detail = f"{_share(worst.now)} of the records lack {worst.name}, {_usual(worst, _share)}"
    return Blame(kind="telemetry", name=worst.name, stage=worst.name, detail=detail)


_BLAMERS: dict[str, Callable[[Case, Metric], Blame | None]] = {
    "service": _service,
    "data": _data,
    "model": _model,
    "drift": _drift,
    "fairness": _fairness,
    "cost": _cost,
    "telemetry": _telemetry,
}


def _departures(
    case: Case,
    names: dict[str, str],
    worse: Callable[[float, float], float] = lambda now, usual: now - usual,
    otherwise: Callable[[str], float] = lambda _name: 0.0,
) -> list[_Departure]:
    """Of figures by key, each of something with a name; from ``otherwise`` where it is not from what is usual."""
    found = []
    for key, name in names.items():
        now = measure(case.cell, case.context, key).value
        if now is not None:
            usual = _usually(case.usual, case.context, key)
            expected = otherwise(name) if usual is None or case.is_as_usual else usual
            found.append(_Departure(worse(now, expected), name, now, usual, key))
    return found


def _worst(found: Sequence[_Departure]) -> _Departure | None:
    return max(found, key=lambda one: (one.by, one.key), default=None)


def _usually(before: Iterable[Cell], context: ModelContext, key: str) -> float | None:
    """The median of a figure over windows before; None where none of them has it."""
    values = (measure(cell, context, key).value for cell in before)
    there = [value for value in values if value is not None]
    return median(there) if there else None


def _segment(cell: Cell, segment: str) -> Cell:
    return Cell(cell.segments[segment], {}, cell.seconds)


def _stage(name: str, detail: str) -> Blame:
    return Blame(kind="stage", name=name, stage=name, detail=detail)


def _column(name: str, detail: str) -> Blame:
    return Blame(kind="column", name=name, stage=DATA_STAGE, detail=detail)


def _where(case: Case) -> str:
    """The stage at which what was judged is measured."""
    return next((exemplar.stage for exemplar in worst_of(case.cell, case.context, case.objective.key)), "")


def _usual(departure: _Departure, shown: Callable[[float], str]) -> str:
    return (
        f"{shown(departure.usual)} is usual"
        if departure.usual is not None
        else "there is nothing before to compare with"
    )


def _seconds(value: float) -> str:
    return f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"
