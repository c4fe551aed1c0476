"""What the engine keeps of a span, and the compact form in which it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

INTERNAL = 1
"""Span kind of a measured step (``opentelemetry.proto.trace.v1.Span.SpanKind``)."""

CLIENT = 3
"""Span kind of a call to another service."""

Value = str | int | float | tuple[str, ...] | tuple[float, ...]


class SpanFacts(NamedTuple):
    """One span, reduced to what records are derived from.

    A named tuple, because a frozen dataclass costs several times as much to make and one is made per span. Values are
    canonical (no NaN, no -0.0, one type per field), so that equal spans have equal encodings.
    """

    prediction: str
    """``<trace id>-<span id of the entry span>``; the trace id of the span is that of its prediction."""
    span_id: str
    parent_id: str
    """Empty for none."""
    service: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    stage: str
    """One of ``attributes.STAGES`` or empty."""
    calls: str
    """The stage that a client span calls, or empty."""
    consumer: str
    """Empty where the span does not say."""
    facts: tuple[tuple[str, Value], ...]
    """Other attributes of the registry by name; only of stage spans."""


@dataclass(frozen=True, slots=True)
class SpanGroup:
    """Spans of one prediction."""

    prediction: str
    spans: tuple[SpanFacts, ...]


_SPAN_ID = attrgetter("span_id")


def encode_span(span: SpanFacts) -> bytes:
    """The canonical encoding of a span without its prediction id."""
    return orjson.dumps(span[1:])


def encode_spans(spans: Iterable[SpanFacts]) -> bytes:
    """The spans of one prediction, in order of span id."""
    return orjson.dumps([span[1:] for span in sorted(spans, key=_SPAN_ID)])


def decode_spans(prediction: str, blob: bytes) -> tuple[SpanFacts, ...]:
    """The inverse of :func:`encode_spans`."""
    return tuple(_span(prediction, fields) for fields in orjson.loads(blob))


def _span(prediction: str, fields: list[Any]) -> SpanFacts:
    facts = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in fields[-1])
    return SpanFacts._make((prediction, *fields[:-1], facts))
