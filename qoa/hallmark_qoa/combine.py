"""Combine: what the store holds of a prediction and what has come since, into its record. Pure."""

from collections import Counter
from typing import NamedTuple

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.derive import derive_merged
from hallmark_qoa.facts import SpanFacts, SpanGroup, encode_spans
from hallmark_qoa.merge import merged


class Combined(NamedTuple):
    """A record and the spans that it was derived from."""

    record: QualityRecord
    record_bytes: bytes
    """The record in its deterministic serialization."""
    spans_bytes: bytes
    """The spans as :func:`hallmark_qoa.facts.encode_spans` writes them."""
    counts: Counter[str]
    """Spans that were ``duplicate``, ``conflict`` or ``over_cap``."""


def combine(stored: tuple[SpanFacts, ...], group: SpanGroup) -> Combined:
    """Merge the spans of a group with those stored before (none for a new record) and derive the record."""
    counts: Counter[str] = Counter()
    spans = merged((stored, group.spans), counts)
    record = derive_merged(group.prediction, spans)
    return Combined(record, record.SerializeToString(deterministic=True), encode_spans(spans.values()), counts)
