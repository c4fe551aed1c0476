"""`hallmark report`: what windows of time were like, and whether contracts held."""

from collections.abc import Sequence
from typing import Annotated

import typer

from hallmark_cli import options, output
from hallmark_cli.errors import CliError
from hallmark_cli.render.report import report_lines
from hallmark_cli.report.empty import nothing_found
from hallmark_cli.report.fetch import fetch
from hallmark_cli.report.judging import fetch_unusable
from hallmark_cli.report.question import MAX_LAST, Found, Question, named_figures
from hallmark_cli.report.write import write_page
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.reports import report_to_dict
from hallmark_common.settings import Settings, load_settings

PIPED = 100_000
"""Width of what is no terminal: nothing is left out or folded for it."""

LAST = 20
"""Windows of each size that a terminal shows."""

LAST_JSON = 50
"""As many as the engine itself gives to who does not say."""

LAST_PAGE = 2000
"""A page thins them out, so it may have more."""

app = make_app()


@app.command(cls=Command)
def report(
    *,
    consumer: options.OfConsumer = "",
    model: options.OfModel = "",
    variant: Annotated[str, typer.Option(metavar="NAME", help="Only windows of this variant.")] = "",
    window: options.Window = "",
    since: options.From = "",
    until: options.Until = "",
    segment: options.Segment = "",
    last: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=MAX_LAST, help="At most so many windows of each size, the last ones."),
    ] = None,
    metric: options.Metrics = None,
    html: options.Page = None,
    as_json: options.Json = False,
) -> None:
    """Show windows of time: figures, verdicts of contracts, evidence."""
    if html and as_json:
        raise CliError("--html and --json: give one of them", exit_code=2)
    default = LAST_PAGE if html else LAST_JSON if as_json else LAST
    metrics = named_figures(metric or ())
    asked = Question(consumer, model, variant, window, since, until, segment, last or default, metrics)
    settings = load_settings()
    if html:
        write_page(settings, asked, html)
    else:
        _show(settings, asked, as_json=as_json)


def _show(settings: Settings, asked: Question, *, as_json: bool) -> None:
    found = fetch(settings, asked)
    if as_json:
        output.write_json([report_to_dict(window) for window in found.windows])
    elif found.windows:
        show_windows(found, asked.metrics)
    else:
        output.note(nothing_found(settings, asked))
    for line in fetch_unusable(settings):
        output.note(line)


def show_windows(found: Found, metrics: Sequence[str]) -> None:
    """Windows for people, as wide as the terminal is."""
    console = output.stdout()
    width = console.width if console.is_terminal else PIPED
    output.write_folded(report_lines(found.windows, metrics, width))
    if found.more:
        output.note("There are older windows; --last, --from and --until show them.")
