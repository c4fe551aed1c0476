"""Decode: an OTLP export request into the facts of the spans that belong to a prediction. Pure.

Whatever a request holds, this does not fail: a span that cannot be used is skipped, a value that cannot be used is left
out or cut short, and both are counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.lean import LeanBatch
from hallmark_qoa.values import WANTED, Clips, clip, lone_double

NO_PREDICTION = "no_prediction"
"""Reason of skipping a span that belongs to no prediction; every other reason means that the span is malformed."""

_new_span = tuple.__new__
"""Of a type and its fields: a named tuple takes them one by one, which takes longer than all that is done with them."""

_NO_SPAN_ID = bytes(8)
_MAX_NS = 2**63 - 1
_PASSED_OVER: tuple[str, Any] = ("", None)
"""What is found of an attribute that is not read, or whose value cannot be used."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an export request held."""

    spans: list[SpanFacts]
    received: int
    """Number of spans in the request: those in ``spans`` and those skipped."""
    skipped: Counter[str]
    """Skipped spans by reason: ``no_prediction``, ``prediction_id``, ``trace_id``, ``span_id``, ``time``."""
    clipped: Counter[str]
    """Values left out (``attribute``, ``parent_id``, ``long_row``) or cut short (``long_text``, ``long_list``)."""

    @property
    def malformed(self) -> int:
        """Number of spans that could not be used although they claim a prediction."""
        return self.skipped.total() - self.skipped[NO_PREDICTION]


def decode(request: bytes) -> Decoded:
    """Read every span of an ExportTraceServiceRequest; DecodeError where it is none."""
    spans: list[SpanFacts] = []
    received = 0
    skipped: Counter[str] = Counter()
    said = _Attributes(Counter())
    batch: Any = LeanBatch.FromString(request)
    for resource_spans in batch.resource_spans:
        service = _service_name(resource_spans.resource.attributes, said.clips)
        for scope_spans in resource_spans.scope_spans:
            received += len(scope_spans.spans)
            for span in scope_spans.spans:
                facts = _span(span, service, said)
                if isinstance(facts, SpanFacts):
                    spans.append(facts)
                else:
                    skipped[facts] += 1
    return Decoded(spans, received, skipped, said.clips)


class _Attributes(dict[bytes, tuple[str, Any]]):
    """What the attributes of one batch say, by their bytes; what is not known yet is read when it is asked for."""

    def __init__(self, clips: Clips) -> None:
        super().__init__()
        self.clips = clips

    def __missing__(self, encoded: bytes) -> tuple[str, Any]:
        number = lone_double(encoded)
        if number is not None:
            return number
        pair = KeyValue.FromString(encoded)
        parse = WANTED.get(pair.key)
        if parse is None:
            self[encoded] = _PASSED_OVER
            return _PASSED_OVER
        clipped = self.clips.total()
        parsed = parse(pair.value, self.clips)
        if parsed is None:
            self.clips["attribute"] += 1
        found = (pair.key, parsed) if parsed is not None else _PASSED_OVER
        if self.clips.total() == clipped:  # else it is not remembered, so as to be counted each time
            self[encoded] = found
        return found


def _service_name(encoded: Iterable[bytes], clips: Clips) -> str:
    for pair in map(KeyValue.FromString, encoded):
        if pair.key == "service.name":
            return clip(pair.value.string_value, clips)
    return ""


def _span(span: Any, service: str, said: _Attributes) -> SpanFacts | str:
    """The facts, or why there are none."""
    found = dict(map(said.__getitem__, span.attributes))
    prediction = found.pop(attributes.PREDICTION, None)
    if prediction is None:
        return NO_PREDICTION
    if not prediction:
        return "prediction_id"
    if span.trace_id.hex() != prediction[:32]:
        return "trace_id"
    span_id = span.span_id
    if len(span_id) != 8 or span_id == _NO_SPAN_ID:
        return "span_id"
    start_ns, end_ns = span.start_time_unix_nano, span.end_time_unix_nano
    if not 0 < start_ns <= end_ns <= _MAX_NS:
        return "time"
    stage = found.pop(attributes.STAGE, "")
    calls = found.pop(attributes.CALLS, "")
    consumer = found.pop(attributes.CONSUMER, "")
    found.pop("", None)
    return _new_span(
        SpanFacts,
        (
            prediction,
            span_id.hex(),
            _parent_id(span.parent_span_id, said.clips),
            service,
            clip(span.name, said.clips),
            span.kind,
            start_ns,
            end_ns,
            stage,
            calls,
            consumer,
            tuple(found.items()) if stage else (),
        ),
    )


def _parent_id(parent_id: bytes, clips: Clips) -> str:
    if not parent_id or parent_id == _NO_SPAN_ID:
        return ""
    if len(parent_id) != 8:
        clips["parent_id"] += 1
        return ""
    return parent_id.hex()
