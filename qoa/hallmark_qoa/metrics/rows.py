"""Rows: the instances of records, each with its recorded values, its answer and its truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common import attributes

_NOT_RECORDED = "{}"


@dataclass(slots=True)
class Rows:
    """Columns of equal length, one entry an instance; None where something is not known."""

    records: int
    """Number of records; the owner of row ``j`` is this plus ``j``."""
    record: list[int] = field(default_factory=list)
    """Which record it belongs to."""
    instance: list[int] = field(default_factory=list)
    """Which instance of it, from 0."""
    text: list[str] = field(default_factory=list)
    """Its values as they are recorded; ``{}`` where they are not."""
    values: list[dict[str, Any] | None] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)
    confidence: list[float | None] = field(default_factory=list)
    entropy: list[float | None] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    truth: list[str | None] = field(default_factory=list)


def read_rows(records: Sequence[QualityRecord]) -> Rows:
    """The instances of records, in order."""
    rows = Rows(len(records))
    for index, record in enumerate(records):
        facts, texts = record.prediction, record.instances_json
        labels, values = facts.labels, facts.values
        count = min(max(len(labels), len(values), len(texts)), attributes.MAX_FACTS)
        if not count:
            continue
        rows.record += [index] * count
        rows.instance += range(count)
        rows.text += _filled(texts, count, _NOT_RECORDED)
        rows.label += _filled(labels, count, None)
        rows.confidence += _filled(facts.confidences, count, None)
        rows.entropy += _filled(facts.entropies, count, None)
        rows.value += _filled(values, count, None)
        rows.truth += _truths(record, count) if record.HasField("truth") else [None] * count
    rows.confidence = [score if score is not None and 0.0 <= score <= 1.0 else None for score in rows.confidence]
    rows.values = list(map(_parsed, rows.text))
    return rows


def _filled(given: Sequence[Any], count: int, missing: Any) -> Sequence[Any]:
    return given if len(given) == count else [*given, *[missing] * count][:count]


def _parsed(text: str) -> dict[str, Any] | None:
    if text == _NOT_RECORDED:
        return None
    try:
        values = orjson.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _truths(record: QualityRecord, count: int) -> list[str | None]:
    """What truly happened to each instance: of one the text itself, of several a JSON array of as many."""
    text = record.truth.value
    if max(count, record.prediction.count) == 1:
        return [text]
    try:
        truths = orjson.loads(text)
    except ValueError:
        return [None] * count
    if not isinstance(truths, list) or len(truths) != max(count, record.prediction.count):
        return [None] * count
    return [_as_text(truth) for truth in truths[:count]]


def _as_text(truth: object) -> str | None:
    if truth is None or isinstance(truth, str):
        return truth
    return orjson.dumps(truth).decode()


def number_of(text: str) -> float | None:
    """A true number; None where a text is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
