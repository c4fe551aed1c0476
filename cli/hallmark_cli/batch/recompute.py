"""`hallmark batch recompute`: windows of a period anew, with other contracts, another reference, other figures."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli import options, output
from hallmark_cli.batch.answers import Answers
from hallmark_cli.batch.period import Period, period_of
from hallmark_cli.batch.progress import bar
from hallmark_cli.batch.reference import OtherReference, profile_of
from hallmark_cli.batch.source import Run, models_of, stored_records, windows_of
from hallmark_cli.client import channel_to, require_ready
from hallmark_cli.contracts.checking import check_files, model_of
from hallmark_cli.errors import CliError
from hallmark_cli.render.text import counted
from hallmark_cli.report.command import LAST, LAST_PAGE, show_windows
from hallmark_cli.report.fetch import found_by, material_of
from hallmark_cli.report.question import MAX_LAST, Question, named_figures
from hallmark_cli.report.write import save_page
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.contracts.model import EVERYONE, Contract
from hallmark_common.model_spec import ModelSpec
from hallmark_common.profile import Profile, load_profile
from hallmark_common.reports import report_to_dict
from hallmark_common.settings import WINDOWS, Settings, load_settings, windows_in
from hallmark_qoa.batch.recompute import sizes_for
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.models import Contexts

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

NO_WINDOWS = "No records are stored of that; `hallmark report` says what there is."

Reference = Path | Period | None
"""What to compare with instead of the model's reference profile: a file, the records of a period, nothing else."""

app = make_app()


@app.command(cls=Command)
def recompute(
    *,
    since: options.From = "",
    until: options.Until = "",
    consumer: options.OfConsumer = "",
    model: options.OfModel = "",
    contract: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Judge by this contract; may be given several times; else by those in use."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Drift from this reference.json; with --model.")
    ] = None,
    reference_from: Annotated[
        str, typer.Option(metavar="TIME", help="Drift from the records since then; with --model.")
    ] = "",
    reference_until: Annotated[str, typer.Option(metavar="TIME", help="Drift from the records before.")] = "",
    metric: options.Metrics = None,
    window: options.Window = "",
    segment: options.Segment = "",
    html: options.Page = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JSON to a file.", dir_okay=False)] = None,
    as_json: options.Json = False,
) -> None:
    """Make the windows of a period anew from its records.

    In this process, by the contracts, models and policies that are here. Nothing that the engine keeps changes. The
    output is that of `hallmark report`.
    """
    if (html is not None) + (out is not None) + as_json > 1:
        raise CliError("--html, --out and --json: give one of them", exit_code=2)
    period = period_of(since, until)
    settings = load_settings()
    last = LAST_PAGE if html else MAX_LAST if out or as_json else LAST
    question = Question(
        consumer,
        model,
        window=window,
        since=since,
        until=until,
        segment=segment,
        last=last,
        metrics=named_figures(metric or ()),
    )
    other = _reference(reference, reference_from, reference_until, model)
    answers = asyncio.run(recomputed(settings, contracts_of(settings, contract or []), question, period, other))
    if html:
        write_html(settings, answers, question, html)
    elif out or as_json:
        write_json(answers, question, out)
    else:
        _show(answers, question)


def _reference(file: Path | None, since: str, until: str, model: str) -> Reference:
    if not (file or since or until):
        return None
    if file and (since or until):
        raise CliError("--reference and --reference-from: give one of them", exit_code=2)
    if not model:
        raise CliError("--model: is needed to know whose reference that is", exit_code=2)
    if file and not file.is_file():
        raise CliError(
            f"--reference {file}: no such file; give a reference.json, or --reference-from for records", exit_code=2
        )
    names = ("--reference-from", "--reference-until")
    return file or period_of(since, until, names)


def contracts_of(settings: Settings, paths: Sequence[Path]) -> list[Contract]:
    """The contracts of files, of those in use where none is given; :class:`CliError` where one cannot be used."""
    if not paths and not settings.contracts_dir.is_dir():
        return []
    found = []
    for checked in check_files(paths, settings):
        if not checked.is_good or checked.file.contract is None:
            errors = [finding for finding in checked.findings if finding.problem.level == "error"]
            raise CliError(str(errors[0]))
        found.append(checked.file.contract)
    return found


async def recomputed(
    settings: Settings, contracts: Sequence[Contract], question: Question, period: Period, other: Reference
) -> Answers:
    """The windows of a period; :class:`CliError` where the engine cannot be reached."""
    about = [contract for contract in contracts if _concerns(contract, question)]
    shown = [WINDOWS[size] for size in question.sizes] if question.window else _judged(about, settings)
    sizes = sizes_for({*shown, *_judged(about, settings)})
    async with channel_to(settings, "qoa") as channel:
        await require_ready(channel, settings, "qoa")
        stub = QoaServiceStub(channel)
        models = await _models(stub, settings, question.model, other)
        now_ns = time.time_ns()
        run = Run(about, sizes, models, period, now_ns, question.model, question.consumer)
        spread = any(key.startswith("spread[") for key in question.metrics)
        answers = Answers(models, shown, question.last, now_ns, segments=bool(question.segment) or spread)
        with bar("recompute") as progress:
            async for window in windows_of(stub, settings, run, progress):
                answers.add(window)
    return answers


def _concerns(contract: Contract, question: Question) -> bool:
    return question.model in ("", contract.model.name) and (
        contract.consumer == EVERYONE or question.consumer in ("", contract.consumer)
    )


def _judged(contracts: Sequence[Contract], settings: Settings) -> list[int]:
    """Sizes that contracts judge; where none does, hours, or the nearest that the engine keeps."""
    sizes = {objective.window_s for contract in contracts for objective in contract.objectives}
    kept = windows_in(settings.qoa_windows)
    return sorted(sizes) or [next((size for size in kept if size >= WINDOWS["1h"]), kept[-1])]


async def _models(stub: "QoaServiceAsyncStub", settings: Settings, model: str, other: Reference) -> Contexts:
    models = models_of(settings)
    if other is None:
        return models
    spec = model_of(model, settings.models_dir)
    profile = load_profile(other) if isinstance(other, Path) else await _recorded(stub, spec, other)
    return OtherReference(models, model, ModelContext.of(spec, profile, settings.qoa_cpu_hour_price))


async def _recorded(stub: "QoaServiceAsyncStub", spec: ModelSpec, period: Period) -> Profile:
    with bar("reference") as progress:
        return await profile_of(stored_records(stub, period.records(spec.name), progress), spec)


def write_json(answers: Answers, question: Question, file: Path | None) -> None:
    """Windows as JSON to a file, or to stdout."""
    found = asyncio.run(found_by(answers, question))
    windows = [report_to_dict(window) for window in found.windows]
    if file is None:
        output.write_json(windows)
        return
    output.write_file(file, json.dumps(windows, ensure_ascii=False) + "\n")
    output.note(f"Wrote {file}: {counted(len(windows), 'window')}.")


def write_html(settings: Settings, answers: Answers, question: Question, file: Path) -> None:
    """Windows as one page; :class:`CliError` where there are none."""
    material = asyncio.run(material_of(answers, question.of_page))
    if not material.windows:
        raise CliError(NO_WINDOWS)
    save_page(settings, material, file)


def _show(answers: Answers, question: Question) -> None:
    found = asyncio.run(found_by(answers, question))
    if found.windows:
        show_windows(found, question.metrics)
    else:
        output.note(NO_WINDOWS)
