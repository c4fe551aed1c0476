"""Which attributes the engine reads of a span, and what counts as a usable value of each.

A parser returns the canonical value, or None for one that cannot be used; what it had to cut short it counts.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from struct import Struct

import grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from hallmark_common import attributes
from hallmark_qoa.facts import Value

MAX_TEXT = 256
"""Characters kept of a name, label or reason."""

MAX_ROW_TEXT = 16_384
"""Characters that the recorded values of one instance may have; a longer row is kept as ``{}``."""

MAX_ROWS_TEXT = 262_144
"""Characters that the recorded values of one request may have; rows after that are kept as ``{}``."""

MAX_UINT32 = 2**32 - 1

Clips = Counter[str]
Parse = Callable[[AnyValue, Clips], Value | None]

_PREDICTION_ID = re.compile(r"(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}")
_VIOLATION = re.compile(r"[a-z_]{1,32}:\d{1,9}:.*", re.DOTALL)


def is_prediction_id(text: str) -> bool:
    """Whether a text is ``<trace id>-<span id>`` in lower-case hexadecimal digits, neither of them all zero."""
    return _PREDICTION_ID.fullmatch(text) is not None


def clip(text: str, clips: Clips) -> str:
    """A text of at most MAX_TEXT characters."""
    if len(text) <= MAX_TEXT:
        return text
    clips["long_text"] += 1
    return text[:MAX_TEXT]


def _text(value: AnyValue, clips: Clips) -> str | None:
    text = value.string_value
    if not text and value.WhichOneof("value") != "string_value":
        return None
    return clip(text, clips)


def _prediction(value: AnyValue, _clips: Clips) -> str:
    return value.string_value if is_prediction_id(value.string_value) else ""


def _one_of(names: frozenset[str]) -> Parse:
    def parse(value: AnyValue, _clips: Clips) -> str | None:
        return value.string_value if value.string_value in names else None

    return parse


def _uint32(value: AnyValue, _clips: Clips) -> int | None:
    is_usable = value.WhichOneof("value") == "int_value" and 0 <= value.int_value <= MAX_UINT32
    return value.int_value if is_usable else None


def _nanoseconds(value: AnyValue, _clips: Clips) -> int | None:
    return value.int_value if value.WhichOneof("value") == "int_value" else None


def _number(value: AnyValue, _clips: Clips) -> float | None:
    which = value.WhichOneof("value")
    if which == "int_value":
        return float(value.int_value)
    if which != "double_value" or not math.isfinite(value.double_value):
        return None
    return value.double_value + 0.0  # makes -0.0 a 0.0: they are equal and must not be told apart by their bytes


def _items(value: AnyValue, clips: Clips) -> list[AnyValue] | None:
    if value.WhichOneof("value") != "array_value":
        return None
    items = value.array_value.values
    if len(items) > attributes.MAX_FACTS:
        clips["long_list"] += 1
    return list(items[: attributes.MAX_FACTS])


def _texts(value: AnyValue, clips: Clips) -> tuple[str, ...] | None:
    items = _items(value, clips)
    parsed = [_text(item, clips) for item in items or ()]
    texts = tuple(text for text in parsed if text is not None)
    return texts if items is not None and len(texts) == len(parsed) else None


def _numbers(value: AnyValue, clips: Clips) -> tuple[float, ...] | None:
    items = _items(value, clips)
    parsed = [_number(item, clips) for item in items or ()]
    numbers = tuple(number for number in parsed if number is not None)
    return numbers if items is not None and len(numbers) == len(parsed) else None


def _violations(value: AnyValue, clips: Clips) -> tuple[str, ...] | None:
    texts = _texts(value, clips)
    if texts is None or not all(_VIOLATION.fullmatch(text) for text in texts):
        return None
    return texts


def _rows(value: AnyValue, clips: Clips) -> tuple[str, ...] | None:
    items = _items(value, clips)
    if items is None:
        return None
    rows: list[str] = []
    left = MAX_ROWS_TEXT
    for item in items:
        row = item.string_value
        left -= len(row)
        if len(row) > MAX_ROW_TEXT or left < 0:
            clips["long_row"] += 1
            row = "{}"
        rows.append(row)
    return tuple(rows)


_PARSERS: dict[str, Parse] = {
    "string": _text,
    "int": _uint32,
    "double": _number,
    "string[]": _texts,
    "double[]": _numbers,
}
_STAGE = _one_of(frozenset(attributes.STAGES))

WANTED: dict[str, Parse] = {
    **{name: _PARSERS[attribute.type] for name, attribute in attributes.REGISTRY.items() if attribute.type in _PARSERS},
    attributes.PREDICTION: _prediction,
    attributes.STAGE: _STAGE,
    attributes.CALLS: _STAGE,
    attributes.STATUS: _one_of(frozenset(code.name for code in grpc.StatusCode)),
    attributes.EVENT_TIME: _nanoseconds,
    attributes.DATA_VIOLATIONS: _violations,
    attributes.DATA_VALUES: _rows,
}
"""Parser of each attribute that is read; all others are passed over."""

# KeyValue: field 1, length and bytes of the key; field 2 and length of the value. AnyValue: field 4, a fixed64; or
# field 5 and length of an ArrayValue, with one such value in field 1. The number is the last eight bytes of either.
_BEFORE_DOUBLE = {"double": b"\x12\x09\x21", "double[]": b"\x12\x0d\x2a\x0b\x0a\x09\x21"}

_LONE_DOUBLES = {
    bytes((0x0A, len(name))) + name.encode() + _BEFORE_DOUBLE[attribute.type]: (name, attribute.type == "double[]")
    for name, attribute in attributes.REGISTRY.items()
    if attribute.type in _BEFORE_DOUBLE
}
"""Name, and whether it is in an array, by all of the encoding that comes before the number."""

_UNPACK_DOUBLE = Struct("<d").unpack_from


def lone_double(encoded: bytes) -> tuple[str, float | tuple[float]] | None:
    """Name and value of an attribute, where this is the encoding of one that is a double, or holds a single one.

    Those differ from span to span, so they are worth a way of their own. None says nothing of any other.
    """
    known = _LONE_DOUBLES.get(encoded[:-8])
    if known is None:
        return None
    name, in_array = known
    value = _UNPACK_DOUBLE(encoded, len(encoded) - 8)[0] + 0.0  # as in _number
    if not math.isfinite(value):
        return None
    return name, (value,) if in_array else value
