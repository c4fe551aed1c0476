"""Which figure an objective asks for: metric, what of it, aggregate, checked against the catalogue."""

import difflib
import math
from collections.abc import Iterable

import grpc

from hallmark_common.attributes import STAGES
from hallmark_common.catalogue import CATALOGUE, Metric, parse_key, resolve, split_spread

_BEYOND_ONE = frozenset(
    {
        *("batch_size", "null_count", "total_errors", "total_valid", "total_none", "total_duplicate"),
        *("psi", "chi_squared"),
    }
)
"""Metrics of unit 1 that are no share of one."""

_BELOW_ZERO = frozenset({"mean_error", "input_mean", "input_value", "prediction", "freshness", "label_delay"})
"""Metrics that a threshold below 0 may be set for; times among them because clocks differ."""


def known_metric(name: str) -> Metric:
    """The metric of a name; ValueError with the nearest one where there is none."""
    if name not in CATALOGUE:
        raise ValueError(f"no such metric: {name!r}; {did_you_mean(name, CATALOGUE) or 'docs/metrics.md lists them'}")
    return CATALOGUE[name]


def check_figure(key: str) -> None:
    """ValueError where something is neither the name of a metric nor the key of a figure that can be."""
    metric = known_metric(parse_key(key)[0])
    if key == metric.name:
        return
    _, of, _ = resolve(key)
    if metric.of == "figure":
        check_spread(of)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question with the nearest of ``known``, empty where nothing is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def expected_one_of(what: str, given: str, known: Iterable[str]) -> str:
    """What to say of a name that is none of those known."""
    names = list(known)
    return f"no such {what}: {given!r}; {did_you_mean(given, names) or 'expected one of ' + ', '.join(names)}"


def check_of(metric: Metric, of: str) -> None:
    """ValueError where a metric is not of such a thing, as far as can be told without a model."""
    if not metric.of and of:
        raise ValueError(f"{metric.name} is of nothing in particular; leave `of` out")
    if not of:
        if metric.of and not metric.of_optional:
            raise ValueError(f"{metric.name} needs `of`: {_WANTED[metric.of]}")
        return
    if metric.of == "stage" and of not in STAGES:
        raise ValueError(expected_one_of("stage", of, STAGES))
    if metric.of == "status" and of not in grpc.StatusCode.__members__:
        raise ValueError(expected_one_of("gRPC status", of, grpc.StatusCode.__members__))
    if metric.of == "figure":
        check_spread(of)


def check_aggregate(metric: Metric, aggregate: str) -> None:
    """ValueError where a metric has no such aggregate, or needs one."""
    if aggregate in (metric.aggregates or ("",)):
        return
    if not metric.aggregates:
        raise ValueError(f"{metric.name} is one value; leave `aggregate` out")
    got = f", got {aggregate!r}" if aggregate else ""
    raise ValueError(f"{metric.name} needs one of {', '.join(metric.aggregates)}{got}")


def check_spread(of: str) -> None:
    """ValueError where what a spread is of is no figure by a dimension."""
    try:
        key, _ = split_spread(of)
        name, inner, aggregate = parse_key(key)
    except ValueError:
        raise ValueError(f"expected a figure and a dimension, such as 'accuracy by carrier', got {of!r}") from None
    metric = known_metric(name)
    if metric.of == "figure":
        raise ValueError(f"{of!r}: there is no {name} of a {name}; write another figure")
    check_of(metric, inner)
    check_aggregate(metric, aggregate)


def innermost(metric: Metric, of: str) -> tuple[Metric, str]:
    """The metric that is measured and what of it: of a spread, that of the figure which it is of."""
    if metric.of != "figure":
        return metric, of
    name, inner, _ = parse_key(split_spread(of)[0])
    return CATALOGUE[name], inner


def unit_of(metric: Metric, of: str, aggregate: str) -> str:
    """Unit of a figure: that of its metric; of the difference of a spread, that of what it is of."""
    return innermost(metric, of)[0].unit if aggregate == "difference" else metric.unit


def range_of(metric: Metric, of: str, aggregate: str) -> tuple[float, float]:
    """Between what a figure can be."""
    measured = innermost(metric, of)[0] if aggregate == "difference" else metric
    if measured.name == "r2":
        return (0.0, math.inf) if aggregate == "difference" else (-math.inf, 1.0)
    low = -math.inf if metric.name in _BELOW_ZERO else 0.0
    return low, 1.0 if measured.unit == "1" and measured.name not in _BEYOND_ONE else math.inf


def check_threshold(metric: Metric, of: str, aggregate: str, threshold: float) -> None:
    """ValueError for what a figure can never be."""
    low, high = range_of(metric, of, aggregate)
    if low <= threshold <= high:
        return
    if high == 1:
        percent = f"; {threshold:g} % is written {threshold:g}%" if 1 < threshold <= 100 else ""
        raise ValueError(f"expected {f'from {low:g} to' if low == 0 else 'at most'} 1, got {threshold:g}{percent}")
    raise ValueError(f"expected at least {low:g}, got {threshold:g}")


_WANTED = {
    "stage": f"one of {', '.join(STAGES)}",
    "column": "a column of the model",
    "label": "a label of the model",
    "status": "a gRPC status, such as UNAVAILABLE",
    "mode": "a colour mode, such as RGB",
    "figure": "a figure and a dimension, such as 'accuracy by carrier'",
}
"""What is to be named, by what a metric is of."""
