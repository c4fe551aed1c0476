"""The file of an imported contract, with comments on where things come from and what is left. Text in, text out."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hallmark_cli.contracts.draft import DraftObjective, Left, one_line
from hallmark_common.contracts.document import read_document

SCHEMA_FILE = "contract.schema.json"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./%-]*(?<! )")


def contract_yaml(
    head: Mapping[str, Any], objectives: Sequence[DraftObjective], left: Sequence[Left], source: str
) -> str:
    """The whole file; ``head`` are the keys before the objectives, ``source`` says what it is made of."""
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# Written by `hallmark contracts import` from {one_line(source)}.",
        "# Every key is described in docs/contracts.md. Windows and least counts are new: look at them.",
        *_left_lines(left),
        *(line for key, value in head.items() for line in _lines(key, value)),
        "objectives:",
        "\n\n".join("\n".join(_objective_lines(objective)) for objective in objectives),
    ]
    return "\n".join(lines) + "\n"


def _left_lines(left: Sequence[Left]) -> list[str]:
    return ["#", "# Not carried over:", *(f"#   {part}" for part in left)] if left else []


def _lines(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        yield f"{key}:"
        yield from (f"  - {scalar(part)}" for part in value)
    else:
        yield f"{key}: {scalar(value)}"


def _objective_lines(objective: DraftObjective) -> Iterator[str]:
    note = f" ({one_line(objective.note)})" if objective.note else ""
    yield f"  # {one_line(objective.where)}{note}"
    for index, (key, value) in enumerate(objective.keys.items()):
        yield f"  {'- ' if index == 0 else '  '}{key}: {scalar(value)}"


def scalar(value: Any) -> str:
    """A value on one line, quoted where it would be read as something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {scalar(part)}" for key, part in value.items()) + "}"
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = _PLAIN.fullmatch(value) and read_document(value).data == value
    return value if is_plain else _quoted(value)


def _quoted(value: str) -> str:
    """As JSON; what is not printable is escaped too: some of it ends a line in YAML, some may not stand in it."""
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in quoted)
