"""Windows as text for people: a line each in aligned columns, and below it what broke, why and what proves it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.render.amounts import amount, unit_of
from hallmark_cli.render.broken import broken_lines
from hallmark_cli.render.text import printable
from hallmark_cli.render.verdict import verdict_text, window_instant
from hallmark_common.reports import figure_value, window_name

MAIN_FIGURES = {
    "response_time.p50": "p50",
    "response_time.p99": "p99",
    "availability": "available",
    "validity": "valid",
    "accuracy": "accuracy",
    "mae": "error",
}
"""Figures that a window is shown with where none were asked for, and what their columns are called."""

KEPT_FIRST = ("response_time.p50", "accuracy", "mae", "response_time.p99")
"""Of these a narrow terminal shows as many as it can before the others."""

GAP = 2
INDENT = 2
NOTHING = "–"
STILL_OPEN = "– open"
MINUTE_S, DAY_S = 60, 86_400


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    name: str
    cell: Callable[[WindowReport], Text]
    rank: int
    """The greatest go first where a terminal is too narrow for all."""
    left: bool = False


def report_lines(windows: Sequence[WindowReport], metrics: Sequence[str], width: int) -> list[Text]:
    """A table for each consumer, model, variant, segment and size; lines of a table are at most ``width`` wide."""
    lines: list[Text] = []
    for name, group in groupby(sorted(windows, key=_table_order), key=_table_name):
        lines += [Text(), Text(name, "bold"), *_table(list(group), metrics, width)]
    return lines[1:]


def _table_order(window: WindowReport) -> tuple[str, str, str, int, str, int]:
    return (
        *(window.consumer, window.model, window.variant, window.window_s, window.segment),
        window.start.ToNanoseconds(),
    )


def _table_name(window: WindowReport) -> str:
    variant = f" ({window.variant})" if window.variant else ""
    segment = f", {window.segment}" if window.segment else ""
    return printable(
        f"{window.consumer} · {window.model}{variant}{segment} · windows of {window_name(window.window_s)}"
    )


def _table(windows: Sequence[WindowReport], metrics: Sequence[str], width: int) -> list[Text]:
    every = [*_fixed_columns(), *_figure_columns(windows, metrics)]
    cells = {column.name: [column.cell(window) for window in windows] for column in every}
    widths = {name: max(len(name), *(cell.cell_len for cell in found)) for name, found in cells.items()}
    columns = _fitting(every, widths, width)
    lines = [_row(columns, widths, [Text(column.name, "dim") for column in columns])]
    for index in range(len(windows)):
        lines.append(_row(columns, widths, [cells[column.name][index] for column in columns]))
    if len(columns) < len(every):
        left_out = ", ".join(column.name for column in every if column not in columns)
        lines.append(Text(f"{'':{INDENT}}no room for {left_out}; a wider terminal or --json shows it", "dim"))
    return [*lines, *broken_lines([verdict for window in windows for verdict in window.verdicts])]


def _fixed_columns() -> list[Column]:
    return [
        Column("window", lambda window: Text(_start(window)), 0, left=True),
        Column("verdict", _verdict, 1, left=True),
        Column("count", lambda window: Text(str(window.count)), 2),
        Column("complete", lambda window: Text(amount(window.completeness, "ratio")), 3),
    ]


def _start(window: WindowReport) -> str:
    """As `--from` takes it, without what is zero in windows of that size."""
    whole = window_instant(window.start)
    if window.window_s % DAY_S == 0:
        return whole[:10]
    return f"{whole[:16]}Z" if window.window_s % MINUTE_S == 0 else whole


def _verdict(window: WindowReport) -> Text:
    if window.closed:
        return verdict_text(window.verdict)
    # What is not over is not judged, unless it was closed before and is corrected.
    return verdict_text(window.verdict).append(" (open)", "dim") if window.verdict else Text(STILL_OPEN, "dim")


def _figure_columns(windows: Sequence[WindowReport], metrics: Sequence[str]) -> list[Column]:
    """The main figures that any window has a value for; all that were asked for."""
    if metrics:
        keys = sorted({key for window in windows for key in window.figures})
        return [Column(key, _figure(key), 4 + rank) for rank, key in enumerate(keys)]
    ranked = dict.fromkeys((*KEPT_FIRST, *MAIN_FIGURES))
    ranks = {key: 4 + rank for rank, key in enumerate(ranked)}
    return [
        Column(name, _figure(key), ranks[key])
        for key, name in MAIN_FIGURES.items()
        if any(figure_value(window.figures[key]) is not None for window in windows if key in window.figures)
    ]


def _figure(key: str) -> Callable[[WindowReport], Text]:
    unit = unit_of(key)

    def cell(window: WindowReport) -> Text:
        # Reading a key of a protobuf map that is not there would add it.
        value = figure_value(window.figures[key]) if key in window.figures else None
        return Text(NOTHING, "dim") if value is None else Text(amount(value, unit, key))

    return cell


def _fitting(columns: Sequence[Column], widths: dict[str, int], width: int) -> list[Column]:
    """The columns that fit, by rank, in their order; always the first."""
    kept: list[Column] = []
    used = INDENT - GAP
    for column in sorted(columns, key=lambda column: column.rank):
        used += GAP + widths[column.name]
        if used > width and kept:
            break
        kept.append(column)
    return [column for column in columns if column in kept]


def _row(columns: Sequence[Column], widths: dict[str, int], cells: Iterable[Text]) -> Text:
    line = Text(" " * INDENT)
    for index, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        room = " " * (widths[column.name] - cell.cell_len)
        line.append(" " * GAP if index else "")
        line.append_text(cell + Text(room) if column.left else Text(room) + cell)
    line.rstrip()
    return line
