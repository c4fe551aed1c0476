"""What is wrong with a declaration, as one sentence that names the key."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from hallmark_common.errors import shown

_NO_MAPPING = ("model_type", "model_attributes_type", "dict_type")
_NO_KIND = ("union_tag_not_found", "union_tag_invalid")
_KINDS = frozenset({"image", "table", "tensor", "classes", "probability", "number", "raw"})
"""pydantic puts the kind of input or output behind that key into the path, where no key of the document stands."""

_MAX_KEYS = 8


def sentence_of(error: ValidationError, model: type[BaseModel]) -> str:
    """The fault to mend first: an unknown key, since it often is the misspelt one that is then missing."""
    faults = error.errors()
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(part) for at, part in enumerate(fault["loc"]) if at != 1 or part not in _KINDS)
    given = fault.get("input")
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(fault["loc"][-1]), _known_keys(model), n=1)
        return f"{where}: no such key" + (f"; did you mean {close[0]}?" if close else "")
    if fault["type"] in _NO_MAPPING:
        return f"{where or 'the document'}: expected keys and values, got {_described(given)}"
    if fault["type"] in _NO_KIND:
        return f"{where}.kind: expected one of {_kinds(fault, model)}, got {_kind_of(given)}"
    return f"{where or 'the document'}: {fault['msg'].removeprefix('Value error, ')}"


def _known_keys(model: type[BaseModel]) -> list[str]:
    document = model.model_json_schema()
    parts: Sequence[Mapping[str, Any]] = [document, *document.get("$defs", {}).values()]
    return [key for part in parts for key in part.get("properties", {})]


def _kinds(fault: Any, model: type[BaseModel]) -> str:
    """The kinds that a part with ``kind`` may have, from the field of the model that holds it."""
    field = model.model_fields[str(fault["loc"][0])]
    return ", ".join(repr(get_args(member.model_fields["kind"].annotation)[0]) for member in get_args(field.annotation))


def _kind_of(given: Any) -> str:
    if isinstance(given, Mapping) and "kind" in given:
        return shown(given["kind"])
    keys = ", ".join(map(str, list(given)[:_MAX_KEYS])) if isinstance(given, Mapping) else _described(given)
    return f"nothing; the keys there are: {keys}"


def _described(given: Any) -> str:
    return "nothing" if given is None else f"a {type(given).__name__}"
