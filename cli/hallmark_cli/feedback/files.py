"""Truths in a file: JSON lines, or CSV with a header."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth
from hallmark_cli.errors import CliError
from hallmark_common.errors import HallmarkError
from hallmark_common.feedback import KEYS, truth_from

CSV = ".csv"


def read_truths(path: Path) -> list[PredictionTruth]:
    """Every truth of a file; :class:`CliError` names the first line that holds none, before any has been told."""
    truths = []
    try:
        for number, entry in _entries(path):
            try:
                truths.append(truth_from(entry))
            except HallmarkError as error:
                raise CliError(f"{path}: line {number}: {error.message}") from None
    except OSError as error:
        raise CliError(f"{path}: cannot be read: {error.strerror}; name a file of truths") from None
    except UnicodeDecodeError:
        raise CliError(f"{path}: is not text in UTF-8") from None
    return truths


def _entries(path: Path) -> Iterator[tuple[int, Any]]:
    """What stands in each line that is not empty, and the number of the line, from 1."""
    if path.suffix.lower() == CSV:
        yield from _csv_entries(path)
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _parsed(line, f"{path}: line {number}")


def _parsed(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise CliError(f'{where}: expected JSON such as {{"prediction_id": "…", "value": "…"}}') from None


def _csv_entries(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            names = rows.fieldnames or ()
            if not {*KEYS[:2]} <= {*names} <= {*KEYS}:
                columns = ", ".join(names) or "nothing"
                raise CliError(
                    f"{path}: line 1: expected the columns prediction_id, value and observed_at, got {columns}"
                )
            for row in rows:
                if None in row or None in row.values():
                    raise CliError(f"{path}: line {rows.line_num}: expected {len(names)} cells as in line 1")
                yield rows.line_num, {name: cell for name, cell in row.items() if cell or name != "observed_at"}
        except csv.Error as error:
            raise CliError(f"{path}: after line {rows.line_num}: is not CSV: {error}") from None
