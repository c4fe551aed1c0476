"""Observe: records into aggregates, one for each series and segment. Pure.

Equal sets of records give equal aggregates, whatever their order; and those of a part of the records merge with those
of the rest into what all together give.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.derive import started_ns
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.distinct import Distinct, hash_of
from hallmark_qoa.metrics.exemplar import Exemplar
from hallmark_qoa.metrics.fold import fold
from hallmark_qoa.metrics.observe_answers import observe_answers
from hallmark_qoa.metrics.observe_data import observe_data
from hallmark_qoa.metrics.observe_service import observe_service
from hallmark_qoa.metrics.rows import Rows, read_rows
from hallmark_qoa.metrics.samples import Integers, Offer, Samples

ALL = ""
"""The segment that holds everything."""


class Series(NamedTuple):
    """What windows are kept of."""

    consumer: str
    model: str
    variant: str
    version: str


Key = tuple[Series, str]
"""A series and a segment, ``<dimension>=<value>`` or ALL."""


def observe(records: Sequence[QualityRecord], context: ModelContext) -> dict[Key, Aggregate]:
    """The aggregates of records of one model, by series and segment that occurs, ALL included.

    What is of an instance counts for the segments of that instance, what is of a request for every segment that one of
    its instances is in.
    """
    ordered = sorted(records, key=attrgetter("prediction_id"))
    rows = read_rows(ordered)
    samples = Samples()
    observe_service(ordered, samples)
    observe_data(ordered, rows, context, samples)
    observe_answers(ordered, rows, context, samples)
    groups = _Groups(ordered, rows, context)
    aggregates = fold(samples, groups.of_owners, len(groups.keys), _Exemplars(ordered, rows).make)
    _add_rows(aggregates, rows, groups.of_owners)
    return dict(zip(groups.keys, aggregates, strict=True))


def segment(dimension: str, value: str) -> str:
    """The name of a segment."""
    return f"{dimension}={value}"


class _Groups:
    """Every series and segment that occurs, numbered, and in which of them each owner is."""

    def __init__(self, records: Sequence[QualityRecord], rows: Rows, context: ModelContext) -> None:
        self.keys: dict[Key, int] = {}
        series = [Series(r.consumer, r.model.name, r.model.variant, r.model.version) for r in records]
        of_rows = [
            self._numbers(series[record], _segments(records[record], rows.values[row] or {}, context))
            for row, record in enumerate(rows.record)
        ]
        of_records: list[list[int]] = [[] for _ in records]
        for record, numbers in zip(rows.record, of_rows, strict=True):
            of_records[record] += numbers
        for index in (index for index, numbers in enumerate(of_records) if not numbers):
            of_records[index] = self._numbers(series[index], _segments(records[index], {}, context))
        self.of_owners = _padded([list(dict.fromkeys(numbers)) for numbers in of_records] + of_rows)

    def _numbers(self, series: Series, segments: Sequence[str]) -> list[int]:
        return [self.keys.setdefault((series, each), len(self.keys)) for each in segments]


def _segments(record: QualityRecord, values: dict[str, object], context: ModelContext) -> list[str]:
    segments = [ALL]
    for segmenter in context.segmenters:
        if segmenter.column:
            value = segmenter.of(values)
        else:
            image = record.data.image
            value = segmenter.of_image(image.width, image.height) if record.data.HasField("image") else segmenter.of({})
        segments.append(segment(segmenter.name, value))
    return segments


def _padded(groups: list[list[int]]) -> Integers:
    width = max(map(len, groups), default=1)
    return np.array([each + [-1] * (width - len(each)) for each in groups], dtype=np.int64).reshape(-1, width)


def _add_rows(aggregates: list[Aggregate], rows: Rows, groups: Integers) -> None:
    """Hashes of the recorded instances."""
    there = [row for row, values in enumerate(rows.values) if values is not None]
    if not there:
        return
    hashes = np.array([hash_of(rows.text[row]) for row in there], dtype=np.uint64)
    of_rows = groups[rows.records :][there]
    for group in np.unique(of_rows[of_rows >= 0]).tolist():
        aggregates[group].rows = Distinct(hashes[(of_rows == group).any(axis=1)])


class _Exemplars:
    """Makes exemplars of the few samples that are kept as such."""

    def __init__(self, records: Sequence[QualityRecord], rows: Rows) -> None:
        self._records = records
        self._rows = rows

    def make(self, offer: Offer, at: int) -> Exemplar:
        """Of one of the values of an offer."""
        owner = int(offer.owners[at])
        row = owner - self._rows.records
        record = self._records[owner if row < 0 else self._rows.record[row]]
        stage, span_id = _span(record, offer.stage)
        detail = offer.detail(at) if offer.detail is not None else ""
        instance = 0 if row < 0 else self._rows.instance[row]
        return Exemplar(
            float(offer.values[at]), record.prediction_id, instance, span_id, stage, started_ns(record), detail
        )


def _span(record: QualityRecord, wanted: str) -> tuple[str, str]:
    """The stage that is wanted (the entry where none is), else the first that is known."""
    name = wanted or record.entry_stage
    for stage in record.stages:
        if stage.name == name:
            return name, stage.span_id
    return (record.stages[0].name, record.stages[0].span_id) if record.stages else (name, "")
