"""Measures: what preprocess and inference put on their stage spans, as the messages of a record. Pure."""

from collections.abc import Iterable
from typing import Any

from hallmark.qoa.v1.quality_pb2 import DataQuality, ImageQuality, InferenceFacts, PredictionFacts, Violation
from hallmark_common import attributes
from hallmark_qoa.facts import SpanFacts, Value

Facts = dict[str, Value]

_DATA = {attributes.DATA_INSTANCES: "instances", attributes.DATA_MISSING_RATIO: "missing_ratio"}
_IMAGE = {
    attributes.IMAGE_WIDTH: "width",
    attributes.IMAGE_HEIGHT: "height",
    attributes.IMAGE_MODE: "mode",
    attributes.IMAGE_FORMAT: "format",
    attributes.IMAGE_BRIGHTNESS: "brightness",
    attributes.IMAGE_CONTRAST: "contrast",
    attributes.IMAGE_SHARPNESS: "sharpness",
}
_ANSWER = {
    attributes.ANSWER_KIND: "kind",
    attributes.ANSWER_COUNT: "count",
    attributes.ANSWER_LABELS: "labels",
    attributes.ANSWER_CONFIDENCES: "confidences",
    attributes.ANSWER_ENTROPIES: "entropies",
    attributes.ANSWER_VALUES: "values",
}
_RUN = {
    attributes.QUEUE_MS: "queue_ms",
    attributes.BATCH_MS: "batch_ms",
    attributes.COMPUTE_MS: "compute_ms",
    attributes.BATCH_SIZE: "batch_size",
}


def data_quality(facts: Facts) -> DataQuality | None:
    """Quality of the data, from the facts of preprocess; None where it measured none."""
    if attributes.DATA_INSTANCES not in facts:
        return None
    image = _fields(facts, _IMAGE)
    data = DataQuality(**_fields(facts, _DATA), violations=_violations(facts.get(attributes.DATA_VIOLATIONS, ())))
    distance = facts.get(attributes.DATA_DISTANCE)
    if isinstance(distance, float):
        data.distance = distance
    if image:
        data.image.CopyFrom(ImageQuality(**image))
    return data


def prediction_facts(facts: Facts) -> PredictionFacts | None:
    """Facts of the answer, from the facts of preprocess; None where it did not answer."""
    return PredictionFacts(**_fields(facts, _ANSWER)) if attributes.ANSWER_KIND in facts else None


def inference_facts(facts: Facts) -> InferenceFacts | None:
    """Facts of the run, from the facts of inference; None where it did not run."""
    fields = _fields(facts, _RUN)
    return InferenceFacts(**fields) if fields else None


def facts_by_stage(stages: Iterable[SpanFacts]) -> dict[str, Facts]:
    """The facts of each stage by attribute name."""
    return {stage.stage: dict(stage.facts) for stage in stages}


def _fields(facts: Facts, names: dict[str, str]) -> dict[str, Any]:
    return {field: facts[name] for name, field in names.items() if name in facts}


def _violations(texts: Value) -> list[Violation]:
    """Parse '<kind>:<count>:<field>', whose form decode has checked; the field is last as it may hold colons."""
    parts = (str(text).split(":", 2) for text in texts) if isinstance(texts, tuple) else ()
    return [Violation(kind=kind, count=int(count), field=field) for kind, count, field in parts]
