"""`hallmark batch evidently`: Evidently's reports over recorded predictions."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli import output
from hallmark_cli.batch.extras import needed
from hallmark_cli.batch.frame import Frame, frame_of
from hallmark_cli.batch.period import Period, period_of
from hallmark_cli.batch.presets import WHO, Made, answers_report, data_report
from hallmark_cli.batch.progress import bar
from hallmark_cli.batch.reference import described_rows
from hallmark_cli.batch.source import stored_records
from hallmark_cli.client import channel_to, require_ready
from hallmark_cli.contracts.checking import model_of
from hallmark_cli.errors import CliError
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import Settings, load_settings

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

app = make_app()


@dataclass(frozen=True, slots=True)
class Reports:
    """What Evidently says."""

    data: Made
    answers: Made | None
    """Absent while no truth is known."""


@app.command(cls=Command)
def evidently(
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose predictions.")],
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="Only events then or later, RFC 3339.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Only events before, RFC 3339.")] = "",
    consumer: Annotated[str, typer.Option(metavar="NAME", help="Only predictions for this consumer.")] = "",
    reference_from: Annotated[
        str, typer.Option(metavar="TIME", help="Compare with the records since then, RFC 3339.")
    ] = "",
    reference_until: Annotated[str, typer.Option(metavar="TIME", help="Compare with the records before.")] = "",
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write pages: FILE of the data, <FILE>-answers of the answers.", dir_okay=False
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the numbers of both.", dir_okay=False)
    ] = None,
) -> None:
    """Let Evidently report on recorded predictions.

    On inputs, answers and truths as they were recorded; with a reference also on how they differ from those records.
    """
    if html is None and json_file is None:
        raise CliError("--html or --json: give a file to write to", exit_code=2)
    period = period_of(since, until)
    names = ("--reference-from", "--reference-until")
    before = period_of(reference_from, reference_until, names) if reference_from or reference_until else None
    settings = load_settings()
    reports = made_of(settings, model, consumer, period, before)
    if reports is None:
        raise CliError(f"{model}: no values are recorded in one of the periods; `hallmark report` says what there is")
    if before is None:
        output.note("No drift: give --reference-from and --reference-until to compare with.")
    write_reports(reports, html, json_file)


def made_of(settings: Settings, model: str, consumer: str, period: Period, before: Period | None) -> Reports | None:
    """Reports on a model, None where nothing is recorded in one of the periods; CliError without Evidently."""
    needed("evidently", "evidently", WHO)
    spec = model_of(model, settings.models_dir)
    current, reference = asyncio.run(_frames(settings, spec, consumer, period, before))
    if current is None or (before is not None and reference is None):
        return None
    return Reports(data_report(current, reference), answers_report(current, reference, spec))


async def _frames(
    settings: Settings, spec: ModelSpec, consumer: str, period: Period, before: Period | None
) -> tuple[Frame | None, Frame | None]:
    async with channel_to(settings, "qoa") as channel:
        await require_ready(channel, settings, "qoa")
        stub = QoaServiceStub(channel)
        current = await _frame(stub, spec, consumer, period)
        return current, None if before is None else await _frame(stub, spec, consumer, before)


async def _frame(stub: "QoaServiceAsyncStub", spec: ModelSpec, consumer: str, period: Period) -> Frame | None:
    with bar(spec.name) as progress:
        records = stored_records(stub, period.records(spec.name, consumer), progress)
        rows = [row async for chunk in records for row in described_rows(chunk, spec)]
    return frame_of(rows, spec) if rows else None


def write_reports(reports: Reports, html: Path | None, json_file: Path | None) -> None:
    """Write pages and numbers to files; :class:`CliError` where that fails."""
    if html is not None:
        _write(html, reports.data.html)
        if reports.answers is not None:
            _write(html.with_stem(f"{html.stem}-answers"), reports.answers.html)
    if json_file is not None:
        answers = reports.answers.json if reports.answers is not None else None
        _write(json_file, json.dumps({"data": reports.data.json, "answers": answers}) + "\n")


def _write(file: Path, text: str) -> None:
    output.write_file(file, text)
    output.note(f"Wrote {file}.")
