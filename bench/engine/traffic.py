"""Batches as the collector sends them, made of captured predictions under ids and times of their own."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from hallmark_common import attributes

SHARDS = 16
GAP_NS = 2_000_000
"""Between the starts of two predictions."""

SIX_SPANS = 6
_STEPS_OF_SIX = (attributes.SPAN_COMPUTE,)


@dataclass(frozen=True, slots=True)
class Made:
    """A span and whose it is."""

    service: int
    """Number of its resource in Captured.resources."""
    span: Span


@dataclass(frozen=True, slots=True)
class Captured:
    """Complete predictions, and the resources and scopes that their spans were sent under."""

    resources: list[ResourceSpans]
    predictions: list[list[Made]]


@dataclass(frozen=True, slots=True)
class Message:
    """One batch of one shard, as the collector publishes it."""

    shard: int
    spans: int
    body: bytes


def captured(requests: Iterable[ExportTraceServiceRequest], spans: int) -> Captured:
    """Those of ``spans`` spans, and where that is SIX_SPANS, the six that every prediction has in every set-up."""
    resources: dict[bytes, int] = {}
    kept: list[ResourceSpans] = []
    predictions: dict[bytes, list[Made]] = defaultdict(list)
    for sent in (sent for request in requests for sent in request.resource_spans):
        key = sent.resource.SerializeToString(deterministic=True)
        if key not in resources:
            resources[key] = len(kept)
            kept.append(_envelope(sent))
        for span in (span for scope in sent.scope_spans for span in scope.spans):
            if spans != SIX_SPANS or _is_of_six(span):
                predictions[span.trace_id].append(Made(resources[key], span))
    return Captured(kept, [made for made in predictions.values() if len(made) == spans])


def messages(
    found: Captured, predictions: int, *, per_message: int, random: Random, start_ns: int, gap_ns: int = GAP_NS
) -> list[Message]:
    """``predictions`` new ones, ``per_message`` of one shard in a message."""
    waiting: dict[int, list[list[Made]]] = defaultdict(list)
    out: list[Message] = []
    for number, made in enumerate(islice(cycle(found.predictions), predictions)):
        trace_id = random.randbytes(16)
        shard = trace_id[15] % SHARDS
        waiting[shard].append(list(_renamed(made, trace_id, random, start_ns + number * gap_ns)))
        if len(waiting[shard]) == per_message:
            out.append(_message(found, shard, waiting.pop(shard)))
    return out + [_message(found, shard, left) for shard, left in waiting.items()]


def _is_of_six(span: Span) -> bool:
    return span.kind != Span.SPAN_KIND_INTERNAL or span.name in _STEPS_OF_SIX


def _envelope(sent: ResourceSpans) -> ResourceSpans:
    envelope = ResourceSpans(resource=sent.resource, schema_url=sent.schema_url)
    envelope.scope_spans.add(scope=sent.scope_spans[0].scope, schema_url=sent.scope_spans[0].schema_url)
    return envelope


def _renamed(made: Sequence[Made], trace_id: bytes, random: Random, start_ns: int) -> Iterator[Made]:
    ids = {one.span.span_id: random.randbytes(8) for one in made}
    entry = bytes.fromhex(_prediction(made[0].span).string_value[33:])
    prediction = f"{trace_id.hex()}-{ids[entry].hex()}"
    shift_ns = start_ns - min(one.span.start_time_unix_nano for one in made)
    for one in made:
        span = Span()
        span.CopyFrom(one.span)
        span.trace_id, span.span_id = trace_id, ids[span.span_id]
        span.parent_span_id = ids.get(span.parent_span_id, b"")
        span.start_time_unix_nano += shift_ns
        span.end_time_unix_nano += shift_ns
        _prediction(span).string_value = prediction
        yield Made(one.service, span)


def _prediction(span: Span) -> AnyValue:
    return next(pair.value for pair in span.attributes if pair.key == attributes.PREDICTION)


def _message(found: Captured, shard: int, predictions: Sequence[Sequence[Made]]) -> Message:
    """Grouped by resource, as the collector groups a batch."""
    request = ExportTraceServiceRequest()
    for number, envelope in enumerate(found.resources):
        spans = [one.span for made in predictions for one in made if one.service == number]
        if spans:
            sent = request.resource_spans.add()
            sent.CopyFrom(envelope)
            sent.scope_spans[0].spans.extend(spans)
    return Message(shard, sum(map(len, predictions)), request.SerializeToString())
