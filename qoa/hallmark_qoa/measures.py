"""Measures: what preprocess and inference put on their stage spans, in the messages of a record. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts, Value

Facts = dict[str, Value]

_DATA = {
    attributes.DATA_INSTANCES: "instances",
    attributes.DATA_MISSING_RATIO: "missing_ratio",
    attributes.DATA_DISTANCE: "distance",
}
_IMAGE = {
    attributes.IMAGE_WIDTH: "width",
    attributes.IMAGE_HEIGHT: "height",
    attributes.IMAGE_MODE: "mode",
    attributes.IMAGE_FORMAT: "format",
    attributes.IMAGE_BRIGHTNESS: "brightness",
    attributes.IMAGE_CONTRAST: "contrast",
    attributes.IMAGE_SHARPNESS: "sharpness",
}
_ANSWER = {attributes.ANSWER_KIND: "kind", attributes.ANSWER_COUNT: "count"}
_RUN = {
    attributes.QUEUE_MS: "queue_ms",
    attributes.BATCH_MS: "batch_ms",
    attributes.COMPUTE_MS: "compute_ms",
    attributes.BATCH_SIZE: "batch_size",
}


def fill_data(record: QualityRecord, facts: Facts) -> None:
    """Quality of the data, from the facts of preprocess; left out where it measured none."""
    if attributes.DATA_INSTANCES not in facts:
        return
    data = record.data
    _fill(data, facts, _DATA)
    for kind, count, field in _violations(facts.get(attributes.DATA_VIOLATIONS, ())):
        data.violations.add(kind=kind, count=count, field=field)
    if not facts.keys().isdisjoint(_IMAGE):
        _fill(data.image, facts, _IMAGE)


def fill_prediction(record: QualityRecord, facts: Facts) -> None:
    """Facts of the answer, from the facts of preprocess; left out where it did not answer."""
    if attributes.ANSWER_KIND not in facts:
        return
    prediction = record.prediction
    _fill(prediction, facts, _ANSWER)
    for name, values in (
        (attributes.ANSWER_LABELS, prediction.labels),
        (attributes.ANSWER_CONFIDENCES, prediction.confidences),
        (attributes.ANSWER_ENTROPIES, prediction.entropies),
        (attributes.ANSWER_VALUES, prediction.values),
    ):
        found: Any = facts.get(name)
        if found:
            values.extend(found)


def fill_inference(record: QualityRecord, facts: Facts) -> None:
    """Facts of the run, from the facts of inference; left out where it did not run."""
    if not facts.keys().isdisjoint(_RUN):
        _fill(record.inference, facts, _RUN)


def facts_by_stage(stages: Iterable[SpanFacts]) -> dict[str, Facts]:
    """The facts of each stage by attribute name."""
    return {stage.stage: dict(stage.facts) for stage in stages}


def _fill(message: Message, facts: Facts, names: Mapping[str, str]) -> None:
    message.SetInParent()
    for name, field in names.items():
        if name in facts:
            setattr(message, field, facts[name])


def _violations(texts: Value) -> Iterator[tuple[str, int, str]]:
    """Parse '<kind>:<count>:<field>', whose form decode has checked; the field is last as it may hold colons."""
    for text in texts if isinstance(texts, tuple) else ():
        kind, count, field = str(text).split(":", 2)
        yield kind, int(count), field
