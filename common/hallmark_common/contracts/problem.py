"""What is wrong with a contract: one line each, with the place in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from hallmark_common.contracts.document import Place, Where
from hallmark_common.contracts.figures import did_you_mean
from hallmark_common.errors import shown

Level = Literal["error", "warning"]
Schema = Mapping[str, Any]

_NO_MAPPING = ("model_type", "model_attributes_type", "dict_type")


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of one part of a contract; the message is what is wrong and what to do."""

    where: Where
    message: str
    level: Level = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in its file; as a text it is one line that editors and terminals can jump to."""

    file: Path
    place: Place
    problem: Problem

    def __str__(self) -> str:
        warning = "warning: " if self.problem.level == "warning" else ""
        where = f"{spelled(self.problem.where)}: " if self.problem.where else ""
        return f"{self.file}:{self.place.line}:{self.place.column}: {warning}{where}{self.problem.message}"


def spelled(where: Where) -> str:
    """A part of a document as people write it: ``objectives[0].threshold``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).removeprefix(".")


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Every fault that pydantic found, in the words of this project."""
    schema = model.model_json_schema()
    faults = error.errors(include_url=False)
    for fault in faults:
        # A list whose every item is wrong is empty to pydantic; what is wrong with the items is said already.
        inside = [other for other in faults if other["loc"][:-1][: len(fault["loc"])] == fault["loc"]]
        if fault["type"] != "too_short" or not inside:
            yield Problem(fault["loc"], _message(fault, schema))


def _message(fault: Any, schema: Schema) -> str:
    kind, given = fault["type"], fault.get("input")
    context = fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = _part(schema, fault["loc"][:-1]).get("properties", {})
        return f"no such key; {did_you_mean(str(fault['loc'][-1]), known) or 'known are ' + ', '.join(known)}"
    if kind == "missing":
        about = _part(schema, fault["loc"]).get("description", "")
        return f"is missing; {about[:1].lower()}{about[1:].rstrip('.')}" if about else "is missing; add it"
    if kind in _NO_MAPPING:
        return f"expected keys and values, got {shown(given)}"
    if kind == "literal_error" and isinstance(given, str):
        return f"expected {context['expected']}, got {shown(given)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"expected what matches {context['pattern']}, got {shown(given)}"
    if kind == "too_short":
        return f"expected at least {context['min_length']}"
    return f"{fault['msg'].replace('Input should be', 'expected')}, got {shown(given)}"


def _part(schema: Schema, where: Where) -> Schema:
    """The schema of a part of a document, empty where there is none."""
    part = schema
    for step in where:
        part = _resolved(schema, part)
        part = part.get("items", {}) if isinstance(step, int) else part.get("properties", {}).get(step, {})
    return _resolved(schema, part) | {key: part[key] for key in ("description",) if key in part}


def _resolved(schema: Schema, part: Schema) -> dict[str, Any]:
    """What a part refers to; where it may be null too, what it is else."""
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(schema, choice)
    if "$ref" in part:
        return dict(schema["$defs"][part["$ref"].rpartition("/")[2]])
    return dict(part)
