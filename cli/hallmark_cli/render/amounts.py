"""Figures as people read them: ``212 ms``, ``99.5 %``, ``0.31``."""

from dataclasses import dataclass

from hallmark_common.catalogue import CATALOGUE, PLAIN_UNITS, parse_key

SHARES = frozenset(
    (
        *("availability", "reliability", "error_ratio", "deadline_misses"),
        *("completeness", "validity", "none_ratio", "duplicate_ratio", "error_ratios", "out_of_range"),
        *("color_mode", "outlier_ratio", "confidence", "prediction_share"),
        *("accuracy", "balanced_accuracy", "precision", "recall", "f1"),
        *("record_completeness", "missing_stages", "label_coverage"),
    )
)
"""Metrics that are a share of something, which people read as a percentage."""

NEARLY_ALL = 99.999
"""The greatest percentage that is shown of what is not all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The unit in which a value is shown."""

    factor: float
    """What a value in the metric's unit is multiplied by."""
    name: str
    """Empty where it has none."""


_TIMES = (
    (1e-3, Shown(1e6, "µs")),
    (1.0, Shown(1e3, "ms")),
    (120.0, Shown(1.0, "s")),
    (2 * 3600.0, Shown(1 / 60, "min")),
    (2 * 86400.0, Shown(1 / 3600, "h")),
)


def shown_in(greatest: float, unit: str, key: str = "") -> Shown:
    """The unit in which values up to ``greatest`` are read easily; ``key`` tells shares from other plain numbers."""
    if unit == "s":
        return next((shown for limit, shown in _TIMES if abs(greatest) < limit), Shown(1 / 86400, "d"))
    if unit == "ratio" or (unit == "1" and is_share(key)):
        return Shown(100.0, "%")
    return Shown(1.0, "" if unit in PLAIN_UNITS else unit)


def amount(value: float, unit: str, key: str = "") -> str:
    """A value of a figure with its unit, to three or four digits; a share below all is never rounded up to it."""
    shown = Shown(1e3, "ms") if unit == "s" and value == 0 else shown_in(value, unit, key)
    if shown.name == "%" and 0.99 < value < 1:
        return f"{min(100 * value, NEARLY_ALL):.5g} %"
    return f"{value * shown.factor:.{3 if unit == 's' else 4}g} {shown.name}".rstrip()


def unit_of(key: str) -> str:
    """The unit of a figure by its key; empty for a metric that this version does not know."""
    metric = CATALOGUE.get(metric_of(key))
    return metric.unit if metric else ""


def is_share(key: str) -> bool:
    """Whether the figure of a key is a share, from 0 to 1."""
    return metric_of(key) in SHARES


def metric_of(key: str) -> str:
    """The metric that a key names; empty where it is no key."""
    try:
        return parse_key(key)[0]
    except ValueError:
        return ""
