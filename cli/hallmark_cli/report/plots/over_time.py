"""A figure over time: its line and range, its threshold, what was violated, and below it how much it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from hallmark_cli.render.amounts import Shown, amount, shown_in
from hallmark_cli.render.text import counted
from hallmark_cli.report.plots.scale import Scale, domain, ticks, time_labels, time_ticks
from hallmark_cli.report.plots.svg import element, path, picture
from hallmark_cli.report.story.points import Bin, Series, bins, stretches

WIDTH, HEIGHT = 420, 226
LEFT, RIGHT, TOP, BOTTOM = 46, 412, 12, 150
"""The area of the line."""

COUNTS_TOP, COUNTS_BOTTOM = 168, 200
"""The area of the samples."""

MAX_BINS = 120
DOT = 2.5
CROSS = 3.5
"""Half the width of the mark of a violated window."""

UNKNOWN_HEIGHT = 4
OPERATORS = {"<=": "≤", ">=": "≥"}


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a series is drawn."""

    x: Scale
    y: Scale
    shown: Shown


def over_time(series: Series, *, counts: bool = True) -> Markup:
    """The plot of a series that has at least one value."""
    found = bins(series, MAX_BINS)
    axes = _axes(series)
    parts = [
        *_value_axis(axes),
        *_time_axis(axes, COUNTS_BOTTOM if counts else BOTTOM, series),
        *_threshold(series, axes),
        *_band(found, axes),
        *_line(found, axes),
        *_marks(found, series, axes),
        *_unknown(found, axes),
        *_threshold_label(series, axes),
    ]
    if counts:
        parts += _counts(found, axes)
    parts += [_tip(each, series, axes, COUNTS_BOTTOM if counts else BOTTOM) for each in found]
    height = HEIGHT if counts else HEIGHT - (COUNTS_BOTTOM - BOTTOM)
    return picture(WIDTH, height, described(series), *parts)


def described(series: Series) -> str:
    """The plot in words, for whoever cannot see it."""
    values = series.values
    low, high = (amount(value, series.unit, series.key) for value in (min(values), max(values)))
    text = f"{series.title} over time: {counted(len(values), 'window')}, from {low} to {high}"
    if series.threshold is None:
        return text
    violated = sum(point.verdict == "violated" for point in series.points)
    promised = f"{series.operator} {amount(series.threshold, series.unit, series.key)}"
    return f"{text}; promised {promised}; violated in {violated}"


def windows_per_mark(series: Series) -> int:
    """How many windows one mark of the plot stands for at most."""
    return max((len(each.points) for each in bins(series, MAX_BINS)), default=1)


def _axes(series: Series) -> Axes:
    values = series.values + ([series.threshold] if series.threshold is not None else [])
    shown = shown_in(max(values, key=abs), series.unit, series.key)
    low, high = domain(values, ceiling=1.0 if shown.name == "%" else None)
    first_s, last_s = series.span_s
    return Axes(Scale(first_s, last_s, LEFT, RIGHT), Scale(low, high, BOTTOM, TOP), shown)


def _value_axis(axes: Axes) -> list[Markup]:
    """A faint line and a number at each tick; the unit stands above the axis."""
    factor = axes.shown.factor
    parts = []
    for tick in ticks(axes.y.low * factor, axes.y.high * factor):
        y = axes.y(tick / factor)
        parts.append(element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y, y2=y))
        parts.append(element("text", f"{tick:.6g}", class_="tick end", x=LEFT - 5, y=y + 3.5))
    return parts


def _time_axis(axes: Axes, bottom: float, series: Series) -> list[Markup]:
    moments = time_ticks(*series.span_s)
    parts = [element("line", class_="axis", x1=LEFT, x2=RIGHT, y1=bottom, y2=bottom)]
    for moment, label in zip(moments, time_labels(moments), strict=True):
        x = axes.x(moment)
        parts.append(element("line", class_="axis", x1=x, x2=x, y1=bottom, y2=bottom + 4))
        anchor = "middle" if LEFT + 14 < x < RIGHT - 14 else "end" if x >= RIGHT - 14 else "start"
        parts.append(element("text", label, class_=f"tick {anchor}", x=x, y=bottom + 16))
    return parts


def _threshold(series: Series, axes: Axes) -> list[Markup]:
    """A dashed line, and a shade over the side that breaks the promise."""
    if series.threshold is None:
        return []
    y = axes.y(series.threshold)
    top, bottom = (TOP, y) if series.above_is_bad else (y, BOTTOM)
    return [
        element("rect", class_="forbidden", x=LEFT, y=top, width=RIGHT - LEFT, height=max(bottom - top, 0.0)),
        element("line", class_="threshold", x1=LEFT, x2=RIGHT, y1=y, y2=y),
    ]


def _threshold_label(series: Series, axes: Axes) -> list[Markup]:
    """What was promised, over everything else: the line of the figure is near it as a rule."""
    if series.threshold is None:
        return []
    y = axes.y(series.threshold)
    operator = OPERATORS.get(series.operator, series.operator)
    label = f"{operator} {amount(series.threshold, series.unit, series.key)}"
    above = y - TOP > 14
    return [element("text", label, class_="threshold-label end", x=RIGHT - 2, y=y - 4 if above else y + 12)]


def _band(found: Sequence[Bin], axes: Axes) -> list[Markup]:
    """From the lowest to the highest value where a point of the line stands for several windows."""
    parts = []
    for stretch in stretches(found):
        if len(stretch) > 1 and any(len(each.values) > 1 for each in stretch):
            upper = [(_middle(each, axes), axes.y(max(each.values))) for each in stretch]
            lower = [(_middle(each, axes), axes.y(min(each.values))) for each in reversed(stretch)]
            parts.append(element("path", class_="band", d=path(upper + lower) + "Z"))
    return parts


def _line(found: Sequence[Bin], axes: Axes) -> list[Markup]:
    """A line a stretch, a dot where that is one bin alone."""
    parts = []
    for stretch in stretches(found):
        points = [(_middle(each, axes), axes.y(each.middle)) for each in stretch]
        if len(points) > 1:
            parts.append(element("path", class_="line", d=path(points)))
        else:
            parts.append(element("circle", class_="dot", cx=points[0][0], cy=points[0][1], r=DOT))
    return parts


def _marks(found: Sequence[Bin], series: Series, axes: Axes) -> list[Markup]:
    """A cross at the worst value of each bin with a violated window."""
    parts = []
    for each in found:
        if each.verdict == "violated" and each.values:
            x, y = _middle(each, axes), axes.y(each.extreme(greatest=series.above_is_bad))
            strokes = f"M{x - CROSS:.1f} {y - CROSS:.1f}l7 7m0-7l-7 7"
            parts.append(element("path", class_="violated-mark", d=strokes))
    return parts


def _unknown(found: Sequence[Bin], axes: Axes) -> list[Markup]:
    """A bar on the axis under each bin that nothing is known of for sure."""
    return [
        element(
            "rect",
            class_="unknown-mark",
            x=axes.x(each.start_s),
            y=BOTTOM - UNKNOWN_HEIGHT,
            width=max(axes.x(each.end_s) - axes.x(each.start_s), 1.0),
            height=UNKNOWN_HEIGHT,
        )
        for each in found
        if each.verdict == "unknown"
    ]


def _counts(found: Sequence[Bin], axes: Axes) -> list[Markup]:
    """Samples as bars; the part of them whose records are complete is filled."""
    greatest = max((each.count for each in found), default=0)
    height = Scale(0, greatest or 1, 0, COUNTS_BOTTOM - COUNTS_TOP)
    parts = [element("text", f"{greatest:,}".replace(",", " "), class_="tick end", x=LEFT - 5, y=COUNTS_TOP + 4)]
    parts.append(element("text", "samples", class_="tick start", x=LEFT, y=COUNTS_TOP - 5))
    for each in found:
        left, right = axes.x(each.start_s), axes.x(each.end_s)
        width = max(right - left - 0.5, 0.6)
        for name, share in (("count", 1.0), ("complete", each.completeness)):
            tall = height(each.count * share)
            parts.append(
                element("rect", class_=name, x=left, y=COUNTS_BOTTOM - tall, width=width, height=max(tall, 0.4))
            )
    return parts


def _tip(each: Bin, series: Series, axes: Axes, bottom: float) -> Markup:
    """What a pointer reads: nothing to be seen, as high as the plot."""
    left, right = axes.x(each.start_s), axes.x(each.end_s)
    return element(
        "rect",
        element("title", told(each, series)),
        class_="tip",
        x=left,
        y=TOP,
        width=max(right - left, 1.0),
        height=bottom - TOP,
    )


def told(each: Bin, series: Series) -> str:
    """A bin in words."""
    when = f"{datetime.fromtimestamp(each.start_s, UTC):%Y-%m-%d %H:%M:%S}"
    parts = [f"{when} UTC" + (f", {len(each.points)} windows" if len(each.points) > 1 else "")]
    if each.values:
        ends = dict.fromkeys(amount(end, series.unit, series.key) for end in (min(each.values), max(each.values)))
        parts.append(" to ".join(ends))
    parts += [each.verdict] if each.verdict else []
    parts += [f"{each.count} samples, {100 * each.completeness:.4g} % complete"] if each.count else []
    return "\n".join(parts)


def _middle(each: Bin, axes: Axes) -> float:
    return axes.x((each.start_s + each.end_s) / 2)
