"""`hallmark feedback PREDICTION_ID VALUE` and `hallmark feedback --file FILE`: tell what really happened."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth, TruthOutcome
from hallmark_cli import options, output
from hallmark_cli.errors import CliError
from hallmark_cli.feedback.files import read_truths
from hallmark_cli.feedback.send import send
from hallmark_cli.payload import timestamp
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.feedback import is_taken, outcome_to_dict
from hallmark_common.settings import load_settings

MAX_SHOWN = 20
_NEGATIVE = re.compile(r"-\.?\d")

MEANINGS = {
    "joined": "joined to its record",
    "waiting": "kept until the record comes: there is none yet",
    "repeated": "known already",
    "corrected": "holds from now on, instead of another",
    "superseded": "another one, of a later time, goes on to hold",
    "expired": "not kept: the prediction is older than windows are corrected; see HALLMARK_QOA_HORIZON_S",
}


class FeedbackCommand(Command):
    """A command whose value may be a negative number, which is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the base class."""
        if "--" not in args:
            numbers = [arg for arg in args if _NEGATIVE.match(arg)]
            args = [arg for arg in args if not _NEGATIVE.match(arg)] + (["--", *numbers] if numbers else [])
        return super().parse_args(ctx, args)


app = make_app()


@app.command(cls=FeedbackCommand)
def feedback(
    prediction_id: options.PredictionId = "",
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="The true label or number; a JSON array for several instances."),
    ] = "",
    *,
    observed_at: Annotated[str, typer.Option(metavar="TIME", help="When it became known; now where unset.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON lines, or CSV, of prediction_id, value and observed_at."),
    ] = None,
    timeout: options.Timeout = 30.0,
    as_json: options.Json = False,
) -> None:
    """Tell what really happened with one prediction, or with many.

    The exit code is 1 if any truth was not taken.
    """
    if file is not None:
        if prediction_id or observed_at:
            raise CliError("--file: holds ids, values and times itself; give nothing else", exit_code=2)
        truths = read_truths(file)
    else:
        truths = [_one(prediction_id, value, observed_at)]
    outcomes = asyncio.run(send(load_settings(), truths, timeout))
    _show(truths, outcomes, single=file is None, as_json=as_json)
    raise typer.Exit(0 if all(map(is_taken, outcomes)) else 1)


def _one(prediction_id: str, value: str, observed_at: str) -> PredictionTruth:
    if not prediction_id or not value:
        raise CliError("expected PREDICTION_ID and VALUE, or --file FILE; see hallmark feedback --help", exit_code=2)
    truth = PredictionTruth(prediction_id=prediction_id)
    truth.truth.value = value
    if observed_at:
        truth.truth.observed_at.CopyFrom(timestamp("--observed-at", observed_at))
    return truth


def _show(truths: Sequence[PredictionTruth], outcomes: Sequence[TruthOutcome], *, single: bool, as_json: bool) -> None:
    if single:
        _show_one(truths[0], outcomes[0], as_json)
        return
    failed = [
        outcome_to_dict(truth.prediction_id, outcome)
        for truth, outcome in zip(truths, outcomes, strict=True)
        if not is_taken(outcome)
    ]
    counts = Counter(outcome.outcome for outcome in outcomes)
    if as_json:
        output.write_json({"truths": len(truths), "outcomes": dict(counts.most_common()), "not_taken": failed})
        return
    for one in failed[:MAX_SHOWN]:
        output.note(f"{one['prediction_id']}: {one['outcome']}{': ' + one['reason'] if one['reason'] else ''}")
    if len(failed) > MAX_SHOWN:
        output.note(f"… and {len(failed) - MAX_SHOWN} more that were not taken; --json names all of them")
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    output.stdout().print(f"{len(truths)} truths: {summary or 'nothing to tell'}", markup=False)


def _show_one(truth: PredictionTruth, outcome: TruthOutcome, as_json: bool) -> None:
    if as_json:
        output.write_json(outcome_to_dict(truth.prediction_id, outcome))
    elif outcome.outcome == "refused":
        raise CliError(outcome.reason)
    else:
        output.stdout().print(f"{outcome.outcome}: {MEANINGS[outcome.outcome]}", markup=False)
