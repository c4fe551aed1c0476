"""Figures of windows over time, and side by side over segments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from hallmark.qoa.v1.report_pb2 import Figure, WindowReport
from hallmark_cli.render.amounts import amount, metric_of, unit_of
from hallmark_cli.report.story.material import DRIFT
from hallmark_cli.report.story.points import Point, Series
from hallmark_common.catalogue import CATALOGUE
from hallmark_common.reports import figure_value, window_name


@dataclass(frozen=True, slots=True)
class Row:
    """One segment beside others."""

    name: str
    """Such as ``UA``."""
    low: float
    middle: float
    """The median over windows."""
    high: float
    count: int
    """Samples of all windows that had enough."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure over the segments of a dimension."""

    key: str
    dimension: str
    unit: str
    window: str
    overall: float | None
    """The median over windows of all segments together."""
    rows: tuple[Row, ...]

    @property
    def differs(self) -> bool:
        """Whether there is anything to compare."""
        return len({end for row in self.rows for end in (row.low, row.high)}) > 1


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one window, for a table."""

    key: str
    metric: str
    value: str
    """Empty where it could not be told."""
    error: str
    """The most by which the value may be off; empty where it is exact."""
    count: int


def series_of(windows: Sequence[WindowReport], key: str, *, enough: bool = False) -> Series | None:
    """One figure of windows of one size; None where no window has it, or with ``enough`` none of enough samples."""
    points = tuple(
        _point(window, key)
        for window in windows
        if key in window.figures and (not enough or _is_enough(window.figures[key], key))
    )
    series = Series(key, key, unit_of(key), windows[0].window_s, points) if points else None
    return series if series and series.values else None


def _point(window: WindowReport, key: str) -> Point:
    figure = window.figures[key]
    return Point(window.start.seconds, figure_value(figure), "", figure.count, window.completeness)


def drift_of(windows: Iterable[WindowReport]) -> list[Series]:
    """Drift of every column, in windows of the smallest size most of which have the samples that it takes.

    Of fewer than the catalogue asks for it is chance. Where no size has enough, of the largest, what there is.
    """
    ordered = sorted(windows, key=lambda window: window.window_s)
    found: list[Series] = []
    for _, group in groupby(ordered, key=lambda window: window.window_s):
        same = list(group)
        told = [enough for key in keys_of(same, DRIFT) if (enough := series_of(same, key, enough=True))]
        found = told or found
        if told and 2 * max(len(series.values) for series in told) > len(same):
            break
    return found


def keys_of(windows: Iterable[WindowReport], metric: str) -> list[str]:
    """Every key of a metric that any window has, in order."""
    return sorted({key for window in windows for key in window.figures if key.partition("[")[0] == metric})


def comparisons(windows: Iterable[WindowReport]) -> tuple[Comparison, ...]:
    """Every figure over every dimension that has at least two segments with enough samples, and differs at all."""
    by_segment: dict[str, list[WindowReport]] = {}
    for window in windows:
        by_segment.setdefault(window.segment, []).append(window)
    keys = sorted({key for found in by_segment.values() for window in found for key in window.figures})
    dimensions = groupby(sorted(filter(None, by_segment)), key=lambda segment: segment.partition("=")[0])
    found = [
        _comparison(by_segment, key, dimension, segments)
        for dimension, segments in [(name, list(group)) for name, group in dimensions]
        for key in keys
    ]
    return tuple(each for each in found if len(each.rows) > 1 and each.differs)


def _comparison(
    by_segment: dict[str, list[WindowReport]], key: str, dimension: str, segments: Sequence[str]
) -> Comparison:
    rows = [_row(segment.partition("=")[2], by_segment[segment], key) for segment in segments]
    size_s = by_segment[segments[0]][0].window_s
    overall = _values(by_segment.get("", ()), key)
    return Comparison(
        key=key,
        dimension=dimension,
        unit=unit_of(key),
        window=window_name(size_s),
        overall=median(overall) if overall else None,
        rows=tuple(sorted((row for row in rows if row), key=lambda row: row.middle)),
    )


def _is_enough(figure: Figure, key: str) -> bool:
    """Whether a figure has the samples that its metric takes."""
    metric = CATALOGUE.get(metric_of(key))
    return metric is None or figure.count >= metric.least


def _row(name: str, windows: Sequence[WindowReport], key: str) -> Row | None:
    values = _values(windows, key)
    if not values:
        return None
    there = (window.figures[key] for window in windows if key in window.figures)
    count = sum(figure.count for figure in there if _is_enough(figure, key))
    return Row(name, min(values), median(values), max(values), count)


def _values(windows: Iterable[WindowReport], key: str) -> list[float]:
    there = (window.figures[key] for window in windows if key in window.figures)
    values = (figure_value(figure) for figure in there if _is_enough(figure, key))
    return [value for value in values if value is not None]


def table_of(window: WindowReport) -> tuple[Line, ...]:
    """All figures of a window, by key."""
    return tuple(_line(key, window.figures[key]) for key in sorted(window.figures))


def _line(key: str, figure: Figure) -> Line:
    value = figure_value(figure)
    unit = unit_of(key)
    return Line(
        key=key,
        metric=metric_of(key),
        value="" if value is None else amount(value, unit, key),
        error=amount(figure.error, unit, key) if figure.error else "",
        count=figure.count,
    )
