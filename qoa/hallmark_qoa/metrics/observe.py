"""Observe: records into aggregates, one for each series and segment. Pure.

Equal sets of records give equal aggregates, whatever their order; and those of a part of the records merge with those
of the rest into what all together give.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.segments import Segmenter
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


Row = Mapping[str, object]
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
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is left out when it is added
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
        self._segmenters = context.segmenters
        self._known: dict[tuple[object, ...], list[int]] = {}
        series = [(r.consumer, r.model.name, r.model.variant, r.model.version) for r in records]
        self._sizes = [self._size(record) for record in records]
        of_rows = [
            self._numbers(series[record], self._sizes[record], values or {})
            for record, values in zip(rows.record, rows.values, strict=True)
        ]
        of_records: list[list[int]] = [[] for _ in records]
        for record, numbers in zip(rows.record, of_rows, strict=True):
            of_records[record] = list(dict.fromkeys(of_records[record] + numbers)) if of_records[record] else numbers
        for index in (index for index, numbers in enumerate(of_records) if not numbers):
            of_records[index] = self._numbers(series[index], self._sizes[index], {})
        self.of_owners = _padded(of_records + of_rows)

    def _size(self, record: QualityRecord) -> tuple[int, int] | None:
        """Width and height of an image, where segments are made by it."""
        if all(segmenter.column for segmenter in self._segmenters) or not record.data.HasField("image"):
            return None
        return record.data.image.width, record.data.image.height

    def _numbers(self, series: tuple[str, str, str, str], size: tuple[int, int] | None, values: Row) -> list[int]:
        """The groups of an instance; most have been asked for before, for one that is the same in what counts."""
        parts = [values.get(each.column) for each in self._segmenters]
        asked = (series, size, *map(type, parts), *(part if isinstance(part, Hashable) else None for part in parts))
        known = self._known.get(asked)
        if known is None:
            segments = [ALL, *(segment(each.name, _value(each, size, values)) for each in self._segmenters)]
            known = [self.keys.setdefault((Series(*series), name), len(self.keys)) for name in segments]
            self._known[asked] = known
        return known


def _value(segmenter: Segmenter, size: tuple[int, int] | None, values: Row) -> str:
    if segmenter.column or size is None:
        return segmenter.of(values)
    return segmenter.of_image(*size)


def _padded(groups: list[list[int]]) -> Integers:
    width = max(map(len, groups), default=1)
    even = [each if len(each) == width else [*each, *[-1] * (width - len(each))] for each in groups]
    return np.fromiter(chain.from_iterable(even), dtype=np.int64, count=width * len(even)).reshape(-1, width)


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
        self._known: dict[int, _Known] = {}

    def make(self, offer: Offer, at: int) -> Exemplar:
        """Of one of the values of an offer."""
        owner = offer.owners.item(at)
        row = owner - self._rows.records
        index = owner if row < 0 else self._rows.record[row]
        instance = 0 if row < 0 else self._rows.instance[row]
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = _known(self._records[index])
        stage, span_id = known.span(offer.stage)
        detail = offer.detail(at) if offer.detail is not None else ""
        return Exemplar(offer.values.item(at), known.prediction, instance, span_id, stage, known.started_ns, detail)


class _Known(NamedTuple):
    """What is said of every exemplar of one record."""

    prediction: str
    started_ns: int
    entry_stage: str
    spans: dict[str, str]
    """Span id by stage."""

    def span(self, wanted: str) -> tuple[str, str]:
        """Stage and span; of the stage that is wanted or entered, else of the first that is known."""
        name = wanted or self.entry_stage
        if self.spans and name not in self.spans:
            name = next(iter(self.spans))
        return name, self.spans.get(name, "")


def _known(record: QualityRecord) -> _Known:
    spans = {stage.name: stage.span_id for stage in record.stages}
    return _Known(record.prediction_id, started_ns(record), record.entry_stage, spans)
