"""Decode: an OTLP export request into the facts of the spans that belong to a prediction. Pure.

Whatever was sent, this does not fail: a span that cannot be used is skipped, a value that cannot be used is left out
or cut short, and both are counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts, Value
from hallmark_qoa.values import WANTED, Clips, clip

NO_PREDICTION = "no_prediction"
"""Reason of skipping a span that belongs to no prediction; every other reason means that the span is malformed."""

_NO_SPAN_ID = bytes(8)
_MAX_NS = 2**63 - 1


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


def decode(request: ExportTraceServiceRequest) -> Decoded:
    """Read every span of a request."""
    decoded = Decoded([], sum(_counts(request)), Counter(), Counter())
    for resource_spans in request.resource_spans:
        service = _service_name(resource_spans.resource.attributes, decoded.clipped)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                facts = _span(span, service, decoded.clipped)
                if isinstance(facts, SpanFacts):
                    decoded.spans.append(facts)
                else:
                    decoded.skipped[facts] += 1
    return decoded


def _counts(request: ExportTraceServiceRequest) -> Iterable[int]:
    return (len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


def _service_name(pairs: Iterable[KeyValue], clips: Clips) -> str:
    for pair in pairs:
        if pair.key == "service.name":
            return clip(pair.value.string_value, clips)
    return ""


def _span(span: Span, service: str, clips: Clips) -> SpanFacts | str:
    """The facts, or why there are none."""
    found = _wanted(span.attributes, clips)
    prediction = found.pop(attributes.PREDICTION, None)
    if prediction is None:
        return NO_PREDICTION
    if not isinstance(prediction, str) or not prediction:
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
    return SpanFacts(
        prediction,
        span_id.hex(),
        _parent_id(span, clips),
        service,
        clip(span.name, clips),
        span.kind,
        start_ns,
        end_ns,
        str(stage),
        str(found.pop(attributes.CALLS, "")),
        str(found.pop(attributes.CONSUMER, "")),
        tuple(found.items()) if stage else (),
    )


def _wanted(pairs: Iterable[KeyValue], clips: Clips) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for pair in pairs:
        key = pair.key
        parse = WANTED.get(key)
        if parse is None:
            continue
        value = parse(pair.value, clips)
        if value is None:
            clips["attribute"] += 1
        else:
            found[key] = value
    return found


def _parent_id(span: Span, clips: Clips) -> str:
    parent_id = span.parent_span_id
    if not parent_id or parent_id == _NO_SPAN_ID:
        return ""
    if len(parent_id) != 8:
        clips["parent_id"] += 1
        return ""
    return parent_id.hex()
