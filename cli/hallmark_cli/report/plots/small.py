"""A small plot for comparing many: the line alone, on an axis that all of them share."""

from markupsafe import Markup

from hallmark_cli.render.amounts import amount
from hallmark_cli.report.plots.scale import Scale
from hallmark_cli.report.plots.svg import element, path, picture
from hallmark_cli.report.story.points import Series, bins, stretches

WIDTH, HEIGHT = 200, 56
MAX_BINS = 60
TOP = 4


def small(series: Series, greatest: float, guides: tuple[float, ...] = ()) -> Markup:
    """A series of values from 0 to ``greatest``, with lines at values that mean something."""
    x = Scale(*series.span_s, 2, WIDTH - 2)
    y = Scale(0.0, greatest, HEIGHT - 2, TOP)
    found = bins(series, MAX_BINS)
    parts = [
        element("line", class_="guide", x1=0, x2=WIDTH, y1=y(guide), y2=y(guide))
        for guide in guides
        if guide <= greatest
    ]
    parts.append(element("line", class_="axis", x1=0, x2=WIDTH, y1=HEIGHT - 2, y2=HEIGHT - 2))
    for stretch in stretches(found):
        top = [(x((each.start_s + each.end_s) / 2), y(max(each.values))) for each in stretch]
        ends = [(top[-1][0], float(HEIGHT - 2)), (top[0][0], float(HEIGHT - 2))]
        parts += [element("path", class_="band", d=path(top + ends) + "Z"), element("path", class_="line", d=path(top))]
    last = amount(series.values[-1], series.unit, series.key)
    description = f"{series.title}: {last} at the end, at most {amount(max(series.values), series.unit, series.key)}"
    return picture(WIDTH, HEIGHT, description, *parts, class_="small-plot")
