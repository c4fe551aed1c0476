"""Derive: the spans of one prediction into its quality record. Pure and deterministic.

The same set of spans gives a record with the same bytes (``SerializeToString(deterministic=True)``), whatever the
order and duplication. Every field is explained in ``hallmark/qoa/v1/quality.proto``.

Messages are filled field by field, where they are: one that is made first and handed over is copied, and a field that
is given to a constructor takes several times as long as one that is set.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.quality_pb2 import Model, QualityRecord
from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.flow import UNKNOWN, Flow, flow_of
from hallmark_qoa.measures import Facts, facts_by_stage, fill_data, fill_inference, fill_prediction
from hallmark_qoa.merge import merged
from hallmark_qoa.timing import NS_PER_MS, add_stages

_MODEL = (("name", attributes.MODEL), ("version", attributes.MODEL_VERSION), ("variant", attributes.MODEL_VARIANT))


def derive(prediction: str, spans: Iterable[SpanFacts]) -> QualityRecord:
    """The quality record of a prediction from at least one of its spans."""
    return derive_merged(prediction, merged([spans], Counter()))


def derive_merged(prediction: str, spans: Mapping[str, SpanFacts]) -> QualityRecord:
    """As :func:`derive`, of spans that :mod:`hallmark_qoa.merge` has merged."""
    flow = flow_of(prediction, spans)
    by_stage = facts_by_stage(flow.stages)
    preprocess = by_stage.get("preprocess", {})
    outermost = flow.outermost
    started_ns = _started_ns(flow, spans)
    record = QualityRecord()
    record.prediction_id = prediction
    record.trace_id = prediction[:32]
    record.consumer = _consumer(flow, spans)
    if flow.entry is not None:
        record.duration_ms = (flow.entry.end_ns - flow.entry.start_ns) / NS_PER_MS
    if outermost is not None:
        said = by_stage[outermost.stage]
        record.status = str(said.get(attributes.STATUS, UNKNOWN))
        record.reason = str(said.get(attributes.REASON, ""))
    record.complete = flow.complete
    record.missing_stages.extend(flow.missing)
    record.entry_stage = flow.entry_stage
    record.instances_json.extend(_texts(preprocess, attributes.DATA_VALUES))
    _fill_model(record.model, by_stage.values())
    _fill_time(record.event_time, _event_ns(by_stage.values(), started_ns))
    _fill_time(record.started_at, started_ns)
    add_stages(record, zip(flow.stages, by_stage.values(), strict=True), spans, started_ns)
    fill_data(record, preprocess)
    fill_prediction(record, preprocess)
    fill_inference(record, by_stage.get("inference", {}))
    return record


def started_ns(record: QualityRecord) -> int:
    """``started_at`` of a record in nanoseconds since 1970."""
    return int(record.started_at.seconds) * 10**9 + int(record.started_at.nanos)


def event_ns(record: QualityRecord) -> int:
    """``event_time`` of a record in nanoseconds since 1970."""
    return int(record.event_time.seconds) * 10**9 + int(record.event_time.nanos)


def _started_ns(flow: Flow, spans: Mapping[str, SpanFacts]) -> int:
    """Start of the entry, else of the earliest known stage, else of the earliest span."""
    if flow.entry is not None:
        return flow.entry.start_ns
    return min(span.start_ns for span in flow.stages or spans.values())


def _event_ns(stages: Iterable[Facts], started_ns: int) -> int:
    for facts in stages:
        event_ns = facts.get(attributes.EVENT_TIME)
        if isinstance(event_ns, int):
            return event_ns
    return started_ns


def _consumer(flow: Flow, spans: Mapping[str, SpanFacts]) -> str:
    """What the entry says, else the outermost stage that says, else the first span that does."""
    for span in filter(None, (flow.entry, *flow.stages)):
        if span.consumer:
            return span.consumer
    others = [span for span in spans.values() if span.consumer]
    return min(others, key=_by_start).consumer if others else attributes.ANONYMOUS


def _by_start(span: SpanFacts) -> tuple[int, str]:
    return span.start_ns, span.span_id


def _fill_model(model: Model, stages: Iterable[Facts]) -> None:
    """Each part from the outermost stage that says it."""
    model.SetInParent()
    for facts in stages:
        for field, name in _MODEL:
            value = facts.get(name)
            if value and not getattr(model, field):
                setattr(model, field, value)


def _texts(facts: Facts, name: str) -> list[str]:
    value = facts.get(name, ())
    return [str(text) for text in value] if isinstance(value, tuple) else []


def _fill_time(timestamp: Timestamp, ns: int) -> None:
    timestamp.seconds, timestamp.nanos = divmod(ns, 10**9)
