"""Derive: the spans of one prediction into its quality record. Pure and deterministic.

The same set of spans gives a record with the same bytes (``SerializeToString(deterministic=True)``), whatever the
order and duplication. Every field is explained in ``hallmark/qoa/v1/quality.proto``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.quality_pb2 import Model, QualityRecord
from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.flow import Flow, flow_of, status_of
from hallmark_qoa.measures import Facts, data_quality, facts_by_stage, inference_facts, prediction_facts
from hallmark_qoa.merge import merged
from hallmark_qoa.timing import NS_PER_MS, timed_stages

_MODEL = {"name": attributes.MODEL, "version": attributes.MODEL_VERSION, "variant": attributes.MODEL_VARIANT}


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
    return QualityRecord(
        prediction_id=prediction,
        trace_id=prediction[:32],
        consumer=_consumer(flow, spans),
        model=_model(by_stage.values()),
        event_time=_timestamp(_event_ns(by_stage.values(), started_ns)),
        started_at=_timestamp(started_ns),
        duration_ms=(flow.entry.end_ns - flow.entry.start_ns) / NS_PER_MS if flow.entry is not None else None,
        status=status_of(outermost) if outermost is not None else "",
        reason=str(by_stage[outermost.stage].get(attributes.REASON, "")) if outermost is not None else "",
        complete=flow.complete,
        missing_stages=flow.missing,
        stages=timed_stages(flow.stages, spans, started_ns),
        data=data_quality(preprocess),
        prediction=prediction_facts(preprocess),
        inference=inference_facts(by_stage.get("inference", {})),
        entry_stage=flow.entry_stage,
        instances_json=_texts(preprocess, attributes.DATA_VALUES),
    )


def started_ns(record: QualityRecord) -> int:
    """``started_at`` of a record in nanoseconds since 1970."""
    return int(record.started_at.seconds) * 10**9 + int(record.started_at.nanos)


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


def _model(stages: Iterable[Facts]) -> Model:
    """Each part from the outermost stage that says it."""
    said: dict[str, str] = {}
    for facts in stages:
        for field, name in _MODEL.items():
            value = facts.get(name)
            if value and field not in said:
                said[field] = str(value)
    return Model(**said)


def _texts(facts: Facts, name: str) -> list[str]:
    value = facts.get(name, ())
    return [str(text) for text in value] if isinstance(value, tuple) else []


def _timestamp(ns: int) -> Timestamp:
    seconds, nanos = divmod(ns, 10**9)
    return Timestamp(seconds=seconds, nanos=nanos)
