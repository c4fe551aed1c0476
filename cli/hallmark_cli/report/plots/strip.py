"""Verdicts over time as a strip: told apart by height as well as by colour."""

from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from hallmark_cli.render.text import counted
from hallmark_cli.report.plots.scale import Scale
from hallmark_cli.report.plots.svg import element, picture
from hallmark_cli.report.story.points import Bin, Series, bins

WIDTH, HEIGHT = 1000, 24
MAX_BINS = 400
HEIGHTS = {"violated": 24.0, "unknown": 14.0, "pass": 6.0, "": 2.0}
"""The worse, the higher."""


def strip(series: Series) -> Markup:
    """One bar for each run of the same verdict; stretches without windows stay empty."""
    first_s, last_s = series.span_s
    x = Scale(first_s, last_s, 0, WIDTH)
    parts = [_bar(run, x) for run in runs(bins(series, MAX_BINS))]
    return picture(WIDTH, HEIGHT, described(series), *parts, class_="strip", preserveAspectRatio="none")


def runs(found: Sequence[Bin]) -> list[list[Bin]]:
    """Bins of the same verdict that follow each other without a gap."""
    together: list[list[Bin]] = []
    for each in found:
        last = together[-1][-1] if together else None
        if last and last.verdict == each.verdict and last.end_s == each.start_s:
            together[-1].append(each)
        else:
            together.append([each])
    return together


def _bar(run: Sequence[Bin], x: Scale) -> Markup:
    verdict = run[0].verdict
    left, right = x(run[0].start_s), x(run[-1].end_s)
    windows = sum(len(each.points) for each in run)
    when = " to ".join(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" for at in (run[0].start_s, run[-1].end_s))
    return element(
        "rect",
        element("title", f"{verdict or 'not judged'}\n{when} UTC, {counted(windows, 'window')}"),
        class_=f"is-{verdict or 'none'}",
        x=left,
        y=HEIGHT - HEIGHTS[verdict],
        width=max(right - left, 1.0),
        height=HEIGHTS[verdict],
    )


def described(series: Series) -> str:
    """The strip in words."""
    counts = {name: sum(point.verdict == name for point in series.points) for name in HEIGHTS}
    told = [f"{count} {name or 'not judged'}" for name, count in counts.items() if count]
    return f"verdicts of {counted(len(series.points), 'window')} over time: {', '.join(told)}"
