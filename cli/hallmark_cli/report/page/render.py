"""A story as one self-contained page: no script, nothing fetched, everything that came from outside escaped."""

import base64
import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hallmark_cli.render.amounts import amount, metric_of, shown_in
from hallmark_cli.render.verdict import MARKS
from hallmark_cli.report.plots.over_time import over_time, windows_per_mark
from hallmark_cli.report.plots.side_by_side import side_by_side
from hallmark_cli.report.plots.small import small
from hallmark_cli.report.plots.strip import strip
from hallmark_cli.report.story.points import Series
from hallmark_cli.report.story.sentences import headline, kept_sentence
from hallmark_cli.report.story.tell import Story
from hallmark_common.catalogue import CATALOGUE, by_dimension, parse_key
from hallmark_common.reports import window_name

MAX_EPISODES = 12
MAX_DRIFT = 24
MAX_COMPARISONS = 12
MAX_LINES = 600

POLICY = "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'"
"""What a browser may load for the page: its own style by its digest, and pictures that are part of it."""

DARK = "(prefers-color-scheme: dark)"
"""When the shared style is dark; paper never is."""

PSI_GUIDES = (0.1, 0.25)
"""Below the first a population is stable, above the second it is another one (Siddiqi 2006)."""

MOST_PSI = 0.6
"""Greater values are drawn as this one: it is another population by far."""


def render_page(story: Story, records: str) -> str:
    """The page as text; ``records`` is the address that a prediction id is appended to."""
    template = _environment().get_template("page.html")
    return template.render(story=story, records=records, headline=headline(story), **_assets())


def _assets() -> dict[str, Any]:
    """Style and picture, and the policy by which a browser takes no others."""
    static = files("hallmark_web") / "static"
    shared = static.joinpath("style.css").read_text("utf-8").replace(DARK, f"screen and {DARK}")
    style = shared + files(__package__).joinpath("style.css").read_text("utf-8")
    logo = static.joinpath("logo.svg").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "style": Markup(style),
        "logo": Markup(logo),
        "icon": f"data:image/svg+xml;base64,{base64.b64encode(logo.encode()).decode()}",
        "policy": POLICY.format(digest),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "number": number, "percent": percent, "rfc3339": rfc3339}
    environment.globals |= _LIMITS | _WORDS | _PLOTS
    return environment


def rfc3339(when: datetime | float) -> str:
    """A moment, or seconds since 1970, in UTC to the second."""
    at = when if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def moment(when: datetime | float) -> str:
    """The same for people: RFC 3339 lets a space stand for the T."""
    return rfc3339(when).replace("T", " ")


def number(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(share: float) -> str:
    """A share; never rounded to all of it while something is missing."""
    rounded = f"{100 * share:.1f} %"
    return rounded if share == 1 or not rounded.startswith("100") else "> 99.9 %"


def about(key: str) -> str:
    """What a figure says, from the catalogue; empty for a metric that this version does not know."""
    metric = CATALOGUE.get(metric_of(key))
    return metric.description if metric else ""


def unit(series: Series) -> str:
    """The unit in which a plot shows a series."""
    values = series.values + ([series.threshold] if series.threshold is not None else [])
    return shown_in(max(values, key=abs), series.unit, series.key).name


def scale_of(drift: tuple[Series, ...]) -> float:
    """The greatest value that small plots of drift share: both guides are seen, and one wild column hides no other."""
    return min(max(1.2 * PSI_GUIDES[-1], *(max(series.values) for series in drift)), MOST_PSI)


def small_psi(series: Series, greatest: float) -> Markup:
    """The small plot of a column's drift."""
    return small(series, greatest, PSI_GUIDES)


def column_of(series: Series) -> str:
    """The column that a series of drift is of."""
    return parse_key(series.key)[1]


_LIMITS: dict[str, Any] = {
    "MAX_EPISODES": MAX_EPISODES,
    "MAX_DRIFT": MAX_DRIFT,
    "MAX_COMPARISONS": MAX_COMPARISONS,
    "MAX_LINES": MAX_LINES,
}
_WORDS: dict[str, Any] = {
    "about": about,
    "amount": amount,
    "catalogue": CATALOGUE,
    "column_of": column_of,
    "dimensions": tuple(by_dimension().items()),
    "kept_sentence": kept_sentence,
    "marks": MARKS,
    "unit": unit,
    "window_name": window_name,
}
_PLOTS: dict[str, Any] = {
    "over_time": over_time,
    "per_mark": windows_per_mark,
    "scale_of": scale_of,
    "side_by_side": side_by_side,
    "small": small_psi,
    "strip": strip,
}
"""What templates may call."""
