"""`hallmark batch day`: what is to be kept of one day, in a folder of its date; what cron or a flow runs."""

import asyncio
import importlib.util
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hallmark_cli import output
from hallmark_cli.batch.evidently import made_of, write_reports
from hallmark_cli.batch.period import Period
from hallmark_cli.batch.recompute import contracts_of, recomputed, write_html, write_json
from hallmark_cli.errors import CliError
from hallmark_cli.report.command import LAST_PAGE
from hallmark_cli.report.question import Question
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.model_spec import MODEL_FILE
from hallmark_common.settings import Settings, load_settings

REFERENCE_DAYS = 7
"""Evidently compares a day with so many before it."""

Folder = Annotated[Path, typer.Option(metavar="DIR", help="Where the folder of each day is made.", file_okay=False)]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="MODEL", help="Evidently's reports of this model; may be given several times."),
]

app = make_app()


@app.command(cls=Command)
def day(
    *,
    day: Annotated[str, typer.Option(metavar="DATE", help="Such as 2013-07-04, in UTC; yesterday where unset.")] = "",
    folder: Folder = Path("reports"),
    model: Models = None,
) -> None:
    """Write the reports of one day into a folder of its own.

    Its windows as page and JSON, and Evidently's reports. Those are made where Evidently is installed, of all models
    unless some are named. The files are replaced where they are there already.
    """
    settings = load_settings()
    which = day_of(day, datetime.now(UTC))
    write_windows(settings, which, folder)
    for name in evidently_models(settings, model or ()):
        write_evidently(settings, name, which, folder)


def day_of(text: str, now: datetime) -> date:
    """The day that an option names, else yesterday; :class:`CliError` for what is none."""
    if not text:
        return now.date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CliError(f"--day {text!r}: expected a date such as 2013-07-04", exit_code=2) from None


def write_windows(settings: Settings, which: date, folder: Path) -> None:
    """Write ``report.html`` and ``report.json`` of the windows that start on a day, where there are any."""
    period, question = _period(which, which), Question(last=LAST_PAGE)
    answers = asyncio.run(recomputed(settings, contracts_of(settings, ()), question, period, None))
    place = _place(folder, which)
    write_json(answers, question, place / "report.json")
    if not answers.is_empty:
        write_html(settings, answers, question, place / "report.html")


def evidently_models(settings: Settings, names: Sequence[str]) -> list[str]:
    """The models of which Evidently reports; none where it is not installed and none is named."""
    if names:
        return list(names)
    if importlib.util.find_spec("evidently") is None:
        return []
    return sorted(path.parent.name for path in settings.models_dir.glob(f"[!._]*/{MODEL_FILE}"))


def write_evidently(settings: Settings, model: str, which: date, folder: Path) -> None:
    """Write ``evidently-<model>.html`` and ``.json`` of a day against those before it, where anything is recorded."""
    before = _period(which - timedelta(days=REFERENCE_DAYS), which - timedelta(days=1))
    for reference in (before, None):  # on the first day there is nothing to compare with
        reports = made_of(settings, model, "", _period(which, which), reference)
        if reports is not None:
            place = _place(folder, which) / f"evidently-{model}"
            write_reports(reports, place.with_suffix(".html"), place.with_suffix(".json"))
            return
    output.note(f"{model}: no values are recorded on {which}.")


def _period(first: date, last: date) -> Period:
    """From the start of a day to the end of another, in UTC."""
    starts = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, last + timedelta(days=1)))
    from_ns, before_ns = (int(start.timestamp()) * 10**9 for start in starts)
    return Period(from_ns, before_ns)


def _place(folder: Path, which: date) -> Path:
    place = folder / which.isoformat()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(f"--folder {place}: cannot be made: {error.strerror}") from None
    return place
