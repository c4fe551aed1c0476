"""What a backtest found, as text for people and as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from hallmark_cli.contracts.backtest import Backtest, Tally
from hallmark_cli.render.amounts import amount
from hallmark_cli.render.text import counted, printable
from hallmark_common.contracts.model import EVERYONE, Contract
from hallmark_common.times import rfc3339

HEADS = ("objective", "windows", "violated", "unknown", "first", "last", "blamed, or why unknown")
GAP = "  "
_NUMBERS = frozenset(("windows", "violated", "unknown"))


def backtest_lines(found: Backtest) -> list[Text]:
    """What a contract would have said: a sentence, and a line for each objective where any would have been judged."""
    if found.from_ns is None or found.until_ns is None:
        return [Text(f"  backtest: no records are stored of {_whose(found.contract)}", "dim")]
    tallies = list(found.tallies.values())
    over = f"{counted(found.records, 'record', ',')} from {rfc3339(found.from_ns)} to {rfc3339(found.until_ns)}"
    sentence = Text.assemble(f"  over {amount((found.until_ns - found.from_ns) / 1e9, 's')} ({over}): ")
    if not any(tally.windows for tally in tallies):
        return [sentence.append(f"no window would have been judged, for {_why_none(found)}", "yellow")]
    return [sentence.append_text(_summary(tallies)), *_table(tallies)]


def _whose(contract: Contract) -> str:
    return contract.model.name if contract.consumer == EVERYONE else f"{contract.model.name} for {contract.consumer}"


def _why_none(found: Backtest) -> str:
    if not found.over:
        return "none is over yet"
    return "none is of the versions and the variant that it is about, and of the time when it holds"


def _summary(tallies: Sequence[Tally]) -> Text:
    verdicts = sum((tally.verdicts for tally in tallies), Counter())
    parts = Text("would never have been violated", "green")
    if verdicts["violated"]:
        parts = Text(f"would have been violated {counted(verdicts['violated'], 'time', ',')}", "red")
        parts.append(f", first at {rfc3339(min(_known(tally.first_ns for tally in tallies)))}", "default")
        parts.append(f", last at {rfc3339(max(_known(tally.last_ns for tally in tallies)))}", "default")
        blame = sum((tally.blamed for tally in tallies), Counter()).most_common(1)
        parts.append(f", most often blamed on {printable(blame[0][0])}" if blame else "", "default")
    elif not verdicts["pass"]:
        parts = Text("could not be told whether it was kept", "yellow")
    unknown = verdicts["unknown"]
    return parts.append(f"; unknown {counted(unknown, 'time', ',')}" if unknown else "", "yellow")


def _known(times: Any) -> list[int]:
    return [time for time in times if time is not None]


def _table(tallies: Sequence[Tally]) -> list[Text]:
    rows = [HEADS, *map(_row, tallies)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        GAP * 2
        + GAP.join(
            cell.rjust(width) if head in _NUMBERS else cell.ljust(width)
            for head, cell, width in zip(HEADS, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [Text(line, "" if number else "dim") for number, line in enumerate(lines)]


def _row(tally: Tally) -> tuple[str, ...]:
    return (
        tally.objective.name,
        *(str(count) for count in (tally.windows, tally.verdicts["violated"], tally.verdicts["unknown"])),
        *("" if ns is None else rfc3339(ns) for ns in (tally.first_ns, tally.last_ns)),
        printable(tally.most_blamed or tally.usual_reason),
    )


def backtest_to_dict(found: Backtest) -> dict[str, Any]:
    """The same as JSON; times are those of events, null where there are none."""
    tallies = list(found.tallies.values())
    return {
        "from": _instant_or_none(found.from_ns),
        "until": _instant_or_none(found.until_ns),
        "records": found.records,
        "violated": sum(tally.verdicts["violated"] for tally in tallies),
        "unknown": sum(tally.verdicts["unknown"] for tally in tallies),
        "objectives": [_tally_to_dict(tally) for tally in tallies],
    }


def _tally_to_dict(tally: Tally) -> dict[str, Any]:
    return {
        "name": tally.objective.name,
        "windows": tally.windows,
        **{verdict: tally.verdicts[verdict] for verdict in ("pass", "violated", "unknown")},
        "first_violated": _instant_or_none(tally.first_ns),
        "last_violated": _instant_or_none(tally.last_ns),
        "blamed": dict(tally.blamed.most_common()),
        "unknown_reason": tally.usual_reason or None,
    }


def _instant_or_none(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)
