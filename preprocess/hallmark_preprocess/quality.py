"""Data quality and facts of the answer, as protobuf and as span attributes."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from opentelemetry.util.types import AttributeValue

from hallmark.qoa.v1 import quality_pb2
from hallmark_common import attributes
from hallmark_common.model_spec import ColumnSpec
from hallmark_preprocess.table import Cell, Table

MAX_RECORDED = 200
"""Characters of a text that are recorded."""

Attributes = Mapping[str, AttributeValue]


def data_attributes(data: quality_pb2.DataQuality) -> dict[str, AttributeValue]:
    """Data quality as attributes of the preprocess stage span."""
    found: dict[str, AttributeValue] = {
        attributes.DATA_INSTANCES: data.instances,
        attributes.DATA_MISSING_RATIO: data.missing_ratio,
    }
    if data.violations:
        found[attributes.DATA_VIOLATIONS] = [f"{item.kind}:{item.count}:{item.field}" for item in data.violations]
    if data.HasField("distance"):
        found[attributes.DATA_DISTANCE] = data.distance
    if data.HasField("image"):
        found.update(_image_attributes(data.image))
    return found


def answer_attributes(facts: quality_pb2.PredictionFacts) -> dict[str, AttributeValue]:
    """Facts of the answer as attributes of the preprocess stage span."""
    found: dict[str, AttributeValue] = {attributes.ANSWER_KIND: facts.kind, attributes.ANSWER_COUNT: facts.count}
    if facts.labels:
        found[attributes.ANSWER_LABELS] = list(facts.labels)
        found[attributes.ANSWER_CONFIDENCES] = list(facts.confidences)
        found[attributes.ANSWER_ENTROPIES] = list(facts.entropies)
    if facts.values:
        found[attributes.ANSWER_VALUES] = list(facts.values)
    return found


def recorded_values(columns: Sequence[ColumnSpec], table: Table) -> list[str]:
    """Recorded columns of the first MAX_FACTS instances, each a JSON object of column to value; no column, no objects.

    A missing value, and one of a wrong type (which could be anything), is null. A hash is :func:`hashed`.
    """
    kept = [column for column in columns if column.recorded != "none"]
    if not kept:
        return []
    rows = range(min(table.rows, attributes.MAX_FACTS))
    return [
        json.dumps({column.name: _recorded(column, table.columns[column.name][row]) for column in kept}) for row in rows
    ]


def hashed(cell: Cell) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value as JSON.

    Equal values have equal hashes, so they can be counted and joined without being stored. It is not keyed: who can
    guess a value can confirm it, so it hides names and ids from a casual reader, not a small set of values from anyone
    who tries them all. Use ``record: none`` for those.
    """
    return hashlib.sha256(json.dumps(cell).encode()).hexdigest()[:16]


def _recorded(column: ColumnSpec, cell: Cell) -> Cell:
    if cell is None:
        return None
    if column.recorded == "hash":
        return hashed(cell)
    return cell[:MAX_RECORDED] if isinstance(cell, str) else cell


def _image_attributes(image: quality_pb2.ImageQuality) -> Attributes:
    return {
        attributes.IMAGE_WIDTH: image.width,
        attributes.IMAGE_HEIGHT: image.height,
        attributes.IMAGE_MODE: image.mode,
        attributes.IMAGE_FORMAT: image.format,
        attributes.IMAGE_BRIGHTNESS: image.brightness,
        attributes.IMAGE_CONTRAST: image.contrast,
        attributes.IMAGE_SHARPNESS: image.sharpness,
    }
