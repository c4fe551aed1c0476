"""Worst: the exemplars that prove a figure. Pure."""

from collections.abc import Callable, Collection, Mapping

from hallmark_common.catalogue import ABSENCES, ANSWERS, CLIENT_FAULTS, Metric, figure_key, resolve, split_spread
from hallmark_qoa.flow import OK
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.exemplar import MOST, Exemplar
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import IMAGE_COLUMNS, measure, segments_of
from hallmark_qoa.metrics.measure_service import MISSED

Named = Callable[[str], str]

_BY_COLUMN: Mapping[str, Named] = {
    "completeness": slots.null,
    "null_count": slots.null,
    "none_ratio": slots.null,
    "total_none": slots.null,
    "validity": slots.errors,
    "total_valid": slots.errors,
    "error_ratios": slots.errors,
    "total_errors": slots.errors,
    "out_of_range": slots.outside,
    "missing_stages": slots.missing,
    "record_completeness": slots.missing,
}
"""Slots that are of a column or stage; all of them where the figure is of none."""

_BY_LABEL: Mapping[str, tuple[Named, ...]] = {
    "precision": (slots.mistaken,),
    "recall": (slots.missed,),
    "f1": (slots.missed, slots.mistaken),
}
_NUMBERS = frozenset(("mse", "rmse", "mae", "mean_error", "r2"))
_UNPROVEN = frozenset(
    ("throughput", "duplicate_ratio", "total_duplicate", "color_mode", "label_coverage", "label_delay", "batch_size")
)
"""What no single prediction shows."""


def worst_of(cell: Cell, context: ModelContext, key: str) -> list[Exemplar]:
    """The predictions that prove a figure, at most MOST and each once, the worst first; none where nothing does.

    The value of an exemplar is what was observed there: in the unit of the metric for times, confidences, errors and
    the like, else how untypical the value is, in robust standard deviations or bits; its detail says it in words.

    Raises:
        ValueError: the catalogue has no such figure.
    """
    metric, of, _ = resolve(key)
    if metric.name == "spread":
        return _of_worst_segment(cell, context, of)
    wanted = _slots(metric, of, cell.total.worst)
    found = [one for slot in wanted for one in cell.total.worst.get(slot, ())]
    sign = 1 if any(slots.low(slot) for slot in wanted) else -1
    first: dict[str, Exemplar] = {}
    for one in sorted(found, key=lambda one: (sign * one.value, one)):
        first.setdefault(one.prediction_id, one)
    return list(first.values())[:MOST]


def _slots(metric: Metric, of: str, there: Collection[str]) -> list[str]:
    name = metric.name
    if name in _UNPROVEN:
        return []
    if name in _BY_COLUMN:
        named = _BY_COLUMN[name]
        return [named(of)] if of else [slot for slot in there if slot.startswith(f"{named('')}[")]
    if name in ("availability", "reliability", "error_ratio", "deadline_misses"):
        return _failures(name, of, there)
    if metric.dimension == "drift" or name in ("input_mean", "input_variance", "input_value", "outlier_ratio"):
        return [slots.far(of)]
    if name in IMAGE_COLUMNS:
        return [slots.far(name)]
    if name in ("prediction", "prediction_share"):
        return [slots.far(ANSWERS)]
    if metric.needs_truth:
        return _wrong(name, of)
    if name in ("price", "cpu_time"):
        return ["cpu_time"]
    return [slots.LOW_CONFIDENCE] if name == "confidence" else [figure_key(name, of)]


def _failures(name: str, of: str, there: Collection[str]) -> list[str]:
    """Statuses that a figure of failures is about."""
    if of or name == "deadline_misses":
        return [slots.failed(of or MISSED)]
    if name == "availability":
        return [slots.failed(status) for status in sorted(ABSENCES)]
    failures = [slot for slot in there if slot.startswith(f"{slots.failed('')}[")]
    ignored = {slots.failed(status) for status in (*CLIENT_FAULTS, OK)} if name == "reliability" else set()
    return [slot for slot in failures if slot not in ignored]


def _wrong(name: str, of: str) -> list[str]:
    if name in _NUMBERS:
        return [slots.FAR_OFF]
    return [named(of) for named in _BY_LABEL[name]] if of else [slots.WRONG]


def _of_worst_segment(cell: Cell, context: ModelContext, of: str) -> list[Exemplar]:
    key, dimension = split_spread(of)
    metric, _, _ = resolve(key)
    measured = [(part, measure(part, context, key)) for part in segments_of(cell, dimension).values()]
    counted = [(one.value, part) for part, one in measured if one.value is not None and one.count >= metric.least]
    if not counted:
        return []
    pick = min if metric.direction == "higher" else max
    _, worst = pick(counted, key=lambda pair: pair[0])
    return worst_of(worst, context, key)
