"""A constraint of QoA4ML on a metric, and the objectives that say the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hallmark_cli.contracts.draft import DraftObjective, Left
from hallmark_cli.contracts.qoa4ml_names import (
    AGGREGATES,
    METRICS,
    OPERATORS,
    UNITS,
    Known,
    Section,
    bare,
)
from hallmark_common.catalogue import CATALOGUE, Metric
from hallmark_common.contracts.figures import range_of
from hallmark_common.contracts.values import Operator


@dataclass(frozen=True, slots=True)
class Constraint:
    """What QoA4ML demands of a metric; texts as they stand there, empty where nothing does."""

    where: str
    section: Section
    metric: str
    operators: tuple[str, ...]
    value: object
    unit: str = ""
    aggregate: str = ""
    conditions: tuple[str, ...] = ()
    """What else it is bound to."""


def objectives_of(constraint: Constraint) -> Iterator[DraftObjective | Left]:
    """The objectives that say the same, and what of the constraint they do not say."""
    known = METRICS.get((constraint.section, bare(constraint.metric))) or _ours(constraint.metric)
    if not known.metric:
        yield Left(constraint.where, f"{constraint.metric}: {known.why_not}")
        return
    metric = CATALOGUE[known.metric]
    try:
        bounds = list(_bounds(constraint))
        drafts = [_objective(constraint, metric, operator, value) for operator, value in bounds]
    except ValueError as error:
        yield Left(constraint.where, str(error))
        return
    yield from drafts
    if constraint.conditions:
        yield Left(constraint.where, f"{'; '.join(constraint.conditions)}: the objective holds whatever these say")


def _ours(name: str) -> Known:
    """A metric that QoA4ML does not name may be meant as we do."""
    return Known(name) if name in CATALOGUE else Known(why_not="no such metric here; docs/metrics.md lists them")


def _bounds(constraint: Constraint) -> Iterator[tuple[Operator, object]]:
    """Operators with their values; ValueError where that is not one clear demand."""
    if len(constraint.operators) != 1:
        given = f"{', '.join(constraint.operators)} are" if constraint.operators else "none is"
        raise ValueError(f"one operator is needed, {given} given")
    operator = bare(constraint.operators[0])
    if operator == "range":
        low, high = _ends(constraint.value)
        yield ">=", low
        yield "<=", high
    elif operator in OPERATORS:
        yield OPERATORS[operator], constraint.value
    else:
        raise ValueError(f"operator {constraint.operators[0]}: a figure is compared by <, <=, > and >= here")


def _ends(value: object) -> tuple[object, object]:
    ends = value
    if isinstance(value, Mapping):
        named = {bare(key): end for key, end in value.items()}
        ends = next(([named[low], named[high]] for low, high in _ENDS if low in named and high in named), None)
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(f"operator range: value {value!r} has no min and max")
    return ends[0], ends[1]


_ENDS = (("min", "max"), ("low", "high"), ("lower", "upper"), ("from", "to"))
"""What the ends of a range may be called: QoA4ML leaves that open."""


def _objective(constraint: Constraint, metric: Metric, operator: Operator, value: object) -> DraftObjective:
    threshold, note = _threshold(constraint, metric, value)
    keys: dict[str, Any] = {
        "name": metric.name.replace("_", "-"),
        "metric": metric.name,
        "aggregate": _aggregate(constraint, metric, operator),
        "operator": operator,
        "threshold": threshold,
        "window": "1m" if metric.dimension == "service" else "1h",
    }
    if keys["aggregate"] in ("min", "max"):
        # The worst of one is the worst.
        keys["least_count"] = 1
    notes = [note, "" if constraint.aggregate or not metric.aggregates else "every request counts"]
    return DraftObjective(constraint.where, {key: keys[key] for key in keys if keys[key] != ""}, _joined(notes))


def _joined(notes: list[str]) -> str:
    return "; ".join(note for note in notes if note)


def _aggregate(constraint: Constraint, metric: Metric, operator: Operator) -> str:
    """The worst value where no function is named: QoA4ML's policies look at each report by itself."""
    if not metric.aggregates:
        return ""
    worst = "max" if operator in ("<", "<=") else "min"
    found = AGGREGATES.get(bare(constraint.aggregate)) if constraint.aggregate else worst
    if found not in metric.aggregates:
        wanted = constraint.aggregate or found
        raise ValueError(f"{metric.name} has no {wanted} here; it has {', '.join(metric.aggregates)}")
    return found


def _threshold(constraint: Constraint, metric: Metric, value: object) -> tuple[float | str, str]:
    """Number, with a unit where it is not that of the metric, and what was read into it."""
    number = _number(value)
    if bare(constraint.unit) not in UNITS:
        raise ValueError(f"unit {constraint.unit} is not known here")
    unit = UNITS[bare(constraint.unit)]
    if not constraint.unit and number > 1 and range_of(metric, "", "")[1] == 1:
        return f"{number:g}%", f"{number:g} without a unit is read as a percentage"
    is_plain = unit in ("", metric.unit)
    return (number, "") if is_plain else (f"{number:g}{unit}", "")


def _number(value: object) -> float:
    given = value if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    try:
        number = float(given)
    except ValueError:
        raise ValueError(f"value {value!r} is no number") from None
    return int(number) if number.is_integer() else number
