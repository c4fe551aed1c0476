"""The kinds of values in a contract, as people write them, and what becomes of them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from hallmark_common.contracts.quantity import quantity_in, seconds_in
from hallmark_common.errors import HallmarkError, shown
from hallmark_common.prediction import valid_consumer

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$")
"""Of all that ISO 8601 has, what nobody reads wrongly."""


def _expected(what: str) -> ValueError:
    """What pydantic turns into a fault of the key, whatever was wrong with the value."""
    return ValueError(f"expected {what}")


def _text(value: object) -> object:
    """A whole number where a text is wanted, such as a version, is that text."""
    if isinstance(value, float):
        raise _expected(f'a text, got the number {value}; write it in quotes, such as "1.10"')
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _instant(value: object) -> object:
    """A day is its midnight, a time without a zone is in UTC."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, str) and _INSTANT.match(value):
        try:
            found = datetime.fromisoformat(value)
        except ValueError as error:
            raise _expected(f"a day or time that there is, got {value!r}: {error}") from None
    else:
        raise _expected(f"2013-07-01 or 2013-07-01T12:00:00Z, got {shown(value)}")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        raise _expected(f"a time such as 90s, 5m, 1h or 7d, got {shown(value)}")
    seconds_in(value)
    return value


def _share(value: object) -> object:
    return quantity_in(value, "ratio") if isinstance(value, str) else value


def _consumer(value: str) -> str:
    try:
        valid = valid_consumer(value)
    except HallmarkError as error:
        raise _expected(f"{error.metadata['expected']}, got {error.metadata['got']}") from None
    if not value:
        raise _expected(f'a name; write "*" for every consumer, {valid} for those who say no name')
    return value


def _segment(value: object) -> object:
    """``{carrier: UA}`` as the key of a segment, ``carrier=UA``."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _expected("one dimension and its value, such as {carrier: UA}")
    ((dimension, of),) = value.items()
    of = str(of).lower() if isinstance(of, bool) else _text(of)
    if not isinstance(of, str):
        raise _expected(f"a text as the value of {dimension}, such as {{carrier: UA}}")
    return f"{dimension}={of}"


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, BeforeValidator(_text)]
Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "examples": ["2013-07-01T12:00:00Z"]})
]
Duration = Annotated[
    str, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,8}[smhdw]$"})
]
_AS_PERCENT = BeforeValidator(_share), Field(json_schema_extra={"type": ["number", "string"]})
Share = Annotated[float, *_AS_PERCENT]
Ratio = Annotated[float, Field(ge=0, le=1), *_AS_PERCENT]
Operator = Literal["<", "<=", ">", ">="]
Severity = Literal["info", "warning", "critical"]
Consumer = Annotated[Text, AfterValidator(_consumer)]
Segment = Annotated[
    str,
    BeforeValidator(_segment),
    WithJsonSchema(
        {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": "string"}}
    ),
]
