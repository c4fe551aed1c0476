"""One figure of several segments side by side: a dot at the median of windows, a line over their range."""

from markupsafe import Markup

from hallmark_cli.render.amounts import amount, shown_in
from hallmark_cli.report.plots.scale import Scale, domain, ticks
from hallmark_cli.report.plots.svg import element, picture
from hallmark_cli.report.story.figures import Comparison

WIDTH = 420
LEFT, RIGHT = 96, 352
ROW = 20
HEAD = 8
FOOT = 22
MAX_NAME = 12


def side_by_side(comparison: Comparison) -> Markup:
    """A row a segment, in order of their medians; a dashed line where all of them together are."""
    bottom = HEAD + ROW * len(comparison.rows)
    x, axis = _axis(comparison, bottom)
    parts = [*axis]
    if comparison.overall is not None:
        at = x(comparison.overall)
        parts.append(element("line", class_="overall", x1=at, x2=at, y1=HEAD, y2=bottom))
    for index, row in enumerate(comparison.rows):
        y = HEAD + ROW * (index + 0.5)
        tip = element("title", f"{row.name}: {_text(comparison, row.middle)}, {row.count} samples")
        name = row.name if len(row.name) <= MAX_NAME else row.name[: MAX_NAME - 1] + "…"
        parts += [
            element("text", name, tip, class_="tick end", x=LEFT - 8, y=y + 3.5),
            element("line", class_="range", x1=x(row.low), x2=x(row.high), y1=y, y2=y),
            element("circle", tip, class_="dot", cx=x(row.middle), cy=y, r=4),
            element("text", _text(comparison, row.middle), class_="tick end", x=WIDTH - 2, y=y + 3.5),
        ]
    return picture(WIDTH, bottom + FOOT, described(comparison), *parts)


def described(comparison: Comparison) -> str:
    """The plot in words."""
    rows = "; ".join(f"{row.name} {_text(comparison, row.middle)}" for row in comparison.rows)
    return f"{comparison.key} by {comparison.dimension}, median of windows: {rows}"


def _axis(comparison: Comparison, bottom: float) -> tuple[Scale, list[Markup]]:
    values = [value for row in comparison.rows for value in (row.low, row.high)]
    shown = shown_in(max(values, key=abs), comparison.unit, comparison.key)
    x = Scale(*domain(values, ceiling=1.0 if shown.name == "%" else None), LEFT, RIGHT)
    parts = []
    for tick in ticks(x.low * shown.factor, x.high * shown.factor, 4):
        at = x(tick / shown.factor)
        parts.append(element("line", class_="grid", x1=at, x2=at, y1=HEAD, y2=bottom))
        parts.append(element("text", f"{tick:.6g} {shown.name}".strip(), class_="tick middle", x=at, y=bottom + 15))
    return x, parts


def _text(comparison: Comparison, value: float) -> str:
    return amount(value, comparison.unit, comparison.key)
