"""`hallmark contracts check`: whether contracts can be judged, and what they would have said of what is stored."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hallmark_cli import options, output
from hallmark_cli.batch.period import Period, period_of
from hallmark_cli.contracts.backtest import Backtest, backtest
from hallmark_cli.contracts.backtest_text import backtest_lines, backtest_to_dict
from hallmark_cli.contracts.checking import Checked, check_files
from hallmark_cli.render.text import counted
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.contracts.model import EVERYONE, Contract
from hallmark_common.contracts.problem import Finding, spelled
from hallmark_common.settings import Settings, load_settings

app = make_app()


@app.command(cls=Command)
def contracts_check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files or folders; the contracts folder where none is given."),
    ] = None,
    *,
    wanted: Annotated[
        bool | None,
        typer.Option(
            "--backtest/--no-backtest",
            help="Fail where no engine is there for it, or leave it out; where unset it is done if one is there.",
            show_default=False,
        ),
    ] = None,
    since: options.From = "",
    until: options.Until = "",
    as_json: options.Json = False,
) -> None:
    """Check contracts, and judge stored records by them.

    Says what is wrong, with line numbers; each is checked by itself and for its model. Where an engine is there, also
    says how often it would have been violated. The exit code is 1 if any cannot be used; a warning does not count, and
    neither does what they would have said.
    """
    settings = load_settings()
    period = period_of(since, until)
    checked = check_files(paths or [], settings)
    found = None if wanted is False else _backtested(settings, checked, period, required=bool(wanted))
    if as_json:
        output.write_json(checked_to_dict(checked, found))
    else:
        output.write_folded(checked_lines(checked, found))
    raise typer.Exit(0 if all(each.is_good for each in checked) else 1)


def _backtested(
    settings: Settings, checked: Sequence[Checked], period: Period, *, required: bool
) -> Mapping[str, Backtest] | None:
    good = [each.file.contract for each in checked if each.is_good and each.file.contract is not None]
    if not good:
        return None
    found = backtest(settings, good, period, required=required)
    if found is None:
        output.note(f"Only validated: no engine at {settings.target('qoa')} has records for a backtest.")
    return found


def checked_to_dict(checked: Sequence[Checked], found: Mapping[str, Backtest] | None = None) -> dict[str, Any]:
    """What was checked and found, as JSON."""
    return {
        "contracts": [
            {
                "file": str(each.file.path),
                "good": each.is_good,
                **_contract_to_dict(each.file.contract),
                "findings": [_finding_to_dict(finding) for finding in each.findings],
                "backtest": _backtest_to_dict(each, found),
            }
            for each in checked
        ]
    }


def _backtest_to_dict(checked: Checked, found: Mapping[str, Backtest] | None) -> dict[str, Any] | None:
    if found is None or checked.file.contract is None or not checked.is_good:
        return None
    return backtest_to_dict(found[checked.file.contract.name])


def _contract_to_dict(contract: Contract | None) -> dict[str, Any]:
    if contract is None:
        return {"name": None, "version": None, "consumer": None, "model": None, "objectives": []}
    return {
        "name": contract.name,
        "version": contract.version,
        "consumer": contract.consumer,
        "model": contract.model.name,
        "objectives": [
            {
                "name": objective.name,
                "figure": objective.key,
                "operator": objective.operator,
                "threshold": objective.threshold,
                "unit": objective.unit,
                "window": objective.window,
            }
            for objective in contract.objectives
        ],
    }


def _finding_to_dict(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.problem.level,
        "line": finding.place.line,
        "column": finding.place.column,
        "where": spelled(finding.problem.where),
        "message": finding.problem.message,
    }


def checked_lines(checked: Sequence[Checked], found: Mapping[str, Backtest] | None = None) -> list[Text]:
    """Each file with what was checked of it, what was found, and what it would have said."""
    lines: list[Text] = []
    for each in checked:
        lines.append(_summary(each))
        styles = {"error": "red", "warning": "yellow"}
        lines += [Text(str(finding), styles[finding.problem.level]) for finding in each.findings]
        if found is not None and each.file.contract is not None and each.is_good:
            lines += backtest_lines(found[each.file.contract.name])
    return lines


def _summary(checked: Checked) -> Text:
    contract = checked.file.contract
    verdict = ("good", "green") if checked.is_good else ("cannot be used", "red")
    if contract is None:
        return Text.assemble(f"{checked.file.path}: ", verdict)
    whose = "each consumer" if contract.consumer == EVERYONE else contract.consumer
    objectives = counted(len(contract.objectives), "objective")
    return Text.assemble(f"{checked.file.path}: ", verdict, f": {objectives} for {whose} of {contract.model.name}")
