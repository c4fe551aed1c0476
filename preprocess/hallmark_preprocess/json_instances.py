"""The JSON form of instances, parsed strictly: what two parsers could read differently is refused.

Numbers that are not finite, or too large, come out as NaN or infinity, so that whoever takes the value can name its
field; nothing in the pipeline accepts them.
"""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from typing import Any

from hallmark_common.errors import invalid, shown
from hallmark_preprocess.table import described

MAX_DIGITS = 400
"""An integer of more digits is beyond float64; Python itself refuses to convert 4,300."""

FIELD = "instances"


class _Repeating(dict[str, Any]):
    """An object in which a key stands twice."""

    repeated: str = ""


def parse_instances(data: bytes, max_instances: int) -> list[object]:
    """Instances from a UTF-8 JSON array (RFC 8259).

    Raises:
        HallmarkError: INVALID_ARGUMENT; not UTF-8, not JSON, nested too deep, no array, empty, too long, or an object
            names a key twice.
    """
    try:
        document = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        raise invalid(FIELD, "JSON in UTF-8", f"another byte at offset {error.start}") from None
    except json.JSONDecodeError as error:
        raise invalid(FIELD, "JSON", f"a syntax error at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise invalid(FIELD, "JSON of reasonable depth", "lists or objects nested too deep") from None
    return check_instances(document, max_instances)


def check_instances(document: object, max_instances: int) -> list[object]:
    """The document if it is an array of 1 to ``max_instances`` instances, none of which names a key twice."""
    if not isinstance(document, list):
        raise invalid(FIELD, "an array of instances", described(document))
    check_count(len(document), max_instances)
    for index, instance in enumerate(document):
        if isinstance(instance, _Repeating):
            where = f"{FIELD}[{index}].{shown(instance.repeated)[1:-1]}"
            raise invalid(where, "every key once", "the key again")
    return document


def check_count(count: int, max_instances: int) -> None:
    """INVALID_ARGUMENT where there is no instance, or more than are taken at once."""
    if not 1 <= count <= max_instances:
        raise invalid(FIELD, f"1 to {max_instances} instances", str(count))


def image_files(instances: Sequence[object]) -> list[bytes]:
    """Image files from instances ``{"b64": "<base64>"}`` (RFC 4648, section 4).

    Raises:
        HallmarkError: INVALID_ARGUMENT naming the instance.
    """
    return [_image_file(instance, index) for index, instance in enumerate(instances)]


def _image_file(instance: object, index: int) -> bytes:
    field = f"{FIELD}[{index}]"
    if not isinstance(instance, dict) or list(instance) != ["b64"]:
        got = f"an object with {len(instance)} keys" if isinstance(instance, dict) else described(instance)
        raise invalid(field, 'an object {"b64": "<base64 of an image file>"}', got)
    text = instance["b64"]
    if not isinstance(text, str):
        raise invalid(f"{field}.b64", "a text in base64", described(text))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{field}.b64", "a text in base64", f"{len(text)} other characters") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    seen: set[str] = set()
    repeating.repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return repeating


def _integer(digits: str) -> int | float:
    if len(digits) <= MAX_DIGITS:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


def _constant(name: str) -> float:
    return float(name)
