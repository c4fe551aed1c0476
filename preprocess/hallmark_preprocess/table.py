"""Rows of a table, checked column by column against what ``model.yaml`` declares.

Everything that is wrong is found before a request is refused. A value that may not be recorded is not shown in an error
either: errors are logged and traced by others.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hallmark_common.errors import MAX_SHOWN, invalid, shown
from hallmark_common.model_spec import ColumnSpec, TableInput
from hallmark_preprocess.findings import NOT_FINITE, Findings, Kind

MAX_TEXT = 65_536
"""Most characters in a text or category."""

MAX_INTEGER = 2**53
"""Integers up to here survive JSON, whose numbers are doubles (RFC 8259, section 6)."""

Cell = float | int | bool | str | None
"""A valid value, None where it is missing."""


@dataclass(frozen=True)
class Table:
    """Checked columns: every value is of its column's dtype or None."""

    rows: int
    columns: Mapping[str, tuple[Cell, ...]]
    missing_ratio: float


def check_table(spec: TableInput, rows: Sequence[object], findings: Findings) -> Table:
    """Check rows (mappings of column name to JSON value); what is wrong goes to ``findings``.

    Cells that are missing or of a wrong type are None in the result, which is fit for use unless
    ``findings.raise_rejected()`` raises.
    """
    names = [column.name for column in spec.columns]
    given = [_check_row(row, index, names, findings) for index, row in enumerate(rows)]
    columns = {column.name: _check_column(column, given, findings) for column in spec.columns}
    missing = sum(row.get(name) is None for row in given for name in names)
    return Table(len(rows), columns, missing / (len(rows) * len(names)) if rows else 0.0)


def described(value: object) -> str:
    """What kind of JSON value it is, without showing it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "a list"


def _check_row(row: object, index: int, names: Sequence[str], findings: Findings) -> Mapping[str, object]:
    if not isinstance(row, Mapping):
        findings.reject("type", "instances", invalid(f"instances[{index}]", "an object", described(row)))
        return {}
    for name in row:
        if name not in names:
            # shown() makes one line of it, without lone surrogates and of bounded length.
            where = f"instances[{index}].{shown(name)[1:-1]}"
            wanted = f"no column but {', '.join(names)}"
            findings.reject("type", "instances", invalid(where, wanted, "an unknown column"))
    return row


def _check_column(column: ColumnSpec, rows: Sequence[Mapping[str, object]], findings: Findings) -> tuple[Cell, ...]:
    check = _CHECKS[column.dtype]
    cells: list[Cell] = []
    for index, row in enumerate(rows):
        value = row.get(column.name)
        if value is None:
            if not column.nullable:
                _reject(column, index, "missing", "nothing", findings)
            cells.append(None)
            continue
        cell, problem, reason = check(value)
        if problem:
            may_show = column.recorded == "value" and isinstance(value, str | int | float)
            got = f"{problem}: {shown(value[:MAX_SHOWN] if isinstance(value, str) else value)}" if may_show else problem
            _reject(column, index, "type", got, findings, reason=reason)
        elif kind := _departure(column, cell):
            _depart(column, index, kind, cell, findings)
        cells.append(cell)
    return tuple(cells)


def _departure(column: ColumnSpec, cell: Cell) -> Literal["range", "category"] | None:
    if column.categories and str(cell) not in column.categories:
        return "category"
    if isinstance(cell, str) or cell is None:
        return None
    below = column.minimum is not None and cell < column.minimum
    above = column.maximum is not None and cell > column.maximum
    return "range" if below or above else None


def _depart(column: ColumnSpec, index: int, kind: Literal["range", "category"], cell: Cell, findings: Findings) -> None:
    if column.on_violation == "record":
        findings.add(kind, column.name)
    else:
        got = shown(cell) if column.recorded == "value" else "a value outside"
        _reject(column, index, kind, got, findings)


def _reject(
    column: ColumnSpec, index: int, kind: Kind, got: str, findings: Findings, *, reason: str = "INVALID_INPUT"
) -> None:
    findings.reject(
        kind, column.name, invalid(f"instances[{index}].{column.name}", _wanted(column), got, reason=reason)
    )


def _wanted(column: ColumnSpec) -> str:
    if column.categories:
        return f"one of {', '.join(column.categories)}"
    bounds = [
        f"at least {column.minimum:g}" if column.minimum is not None else "",
        f"at most {column.maximum:g}" if column.maximum is not None else "",
    ]
    article = "an" if column.dtype == "integer" else "a"
    return " ".join([f"{article} {column.dtype}", *[" and ".join(bound for bound in bounds if bound)]]).strip()


Checked = tuple[Cell, str, str]
"""The value as its dtype, or None; what is wrong with it, or ""; the reason."""


def _number(value: object) -> Checked:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, described(value), "INVALID_INPUT"
    try:
        number = float(value)
    except OverflowError:
        return None, "a number too large", NOT_FINITE
    return (number, "", "") if math.isfinite(number) else (None, "a number that is not finite", NOT_FINITE)


def _integer(value: object) -> Checked:
    number, problem, reason = _number(value)
    if problem or not isinstance(number, float):
        return None, problem, reason
    if not number.is_integer():
        return None, "a fraction", "INVALID_INPUT"
    if abs(number) > MAX_INTEGER:
        return None, "an integer beyond 2^53", "INVALID_INPUT"
    return int(number), "", ""


def _boolean(value: object) -> Checked:
    return (value, "", "") if isinstance(value, bool) else (None, described(value), "INVALID_INPUT")


def _text(value: object) -> Checked:
    if not isinstance(value, str):
        return None, described(value), "INVALID_INPUT"
    if len(value) > MAX_TEXT:
        return None, f"a text of {len(value)} characters, more than {MAX_TEXT}", "INVALID_INPUT"
    try:
        value.encode()
    except UnicodeEncodeError:
        return None, "a text with a lone surrogate", "INVALID_INPUT"
    return value, "", ""


_CHECKS: Mapping[str, Callable[[object], Checked]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _text,
    "text": _text,
}
