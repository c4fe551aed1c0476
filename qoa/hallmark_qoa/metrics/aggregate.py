"""Aggregates: what is kept of the records of one window, series and segment.

Everything in it merges exactly, whatever the order and grouping: counts and sums are whole numbers (sums in multiples
of 2**-64, those of squares of 2**-128, see :mod:`.formulas.exact`), sketches have whole counts, ranges, exemplars and
hashes are the first of a total order. So equal sets of records have equal aggregates, and those have equal encodings.
"""

import base64
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from hallmark_qoa.metrics.distinct import Distinct
from hallmark_qoa.metrics.exemplar import Exemplar, Exemplars, worst_of
from hallmark_qoa.metrics.formulas.sketch import Sketch

FORMAT = 1
"""First number of every encoding; another one cannot be read."""

Range = tuple[float, float]
"""The smallest and the largest value, exact."""

_LEVEL = 1  # of zlib: higher ones save a tenth and take three times as long


@dataclass(slots=True)
class Aggregate:
    """By name of slot (:mod:`.slots`); what is not there is 0 or empty."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, int] = field(default_factory=dict)
    sketches: dict[str, Sketch] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    """Of what sketches hold."""
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    worst: dict[str, Exemplars] = field(default_factory=dict)
    rows: Distinct = field(default_factory=Distinct)
    """Of the recorded instances."""

    def table(self, slot: str) -> Mapping[str, int]:
        """A table, perhaps empty."""
        return self.tables.get(slot, {})

    def merge(self, other: "Aggregate") -> None:
        """Add the records of another one, which are not in this."""
        _add(self.counts, other.counts)
        for slot, total in other.sums.items():
            self._add_sum(slot, total)
        for slot, sketch in other.sketches.items():
            self.sketches.setdefault(slot, Sketch()).merge(sketch)
        for slot, (least, most) in other.ranges.items():
            own = self.ranges.get(slot, (least, most))
            self.ranges[slot] = (min(own[0], least), max(own[1], most))
        for slot, table in other.tables.items():
            _add(self.tables.setdefault(slot, {}), table)
        for slot, exemplars in other.worst.items():
            self.worst[slot] = worst_of(slot, (*self.worst.get(slot, ()), *exemplars))
        self.rows.merge(other.rows)

    def _add_sum(self, slot: str, total: int) -> None:
        both = self.sums.get(slot, 0) + total
        if both:
            self.sums[slot] = both
        else:  # as where none was ever kept
            self.sums.pop(slot, None)

    def encode(self) -> bytes:
        """Compact and deterministic."""
        spans, worst = _interned(self.worst)
        parts = [
            FORMAT,
            self.counts,
            {slot: f"{total:x}" for slot, total in self.sums.items()},
            {slot: sketch.encode() for slot, sketch in self.sketches.items()},
            self.ranges,
            self.tables,
            spans,
            worst,
            base64.b64encode(self.rows.to_bytes()).decode(),
        ]
        return zlib.compress(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), _LEVEL)

    @classmethod
    def decode(cls, encoded: bytes) -> "Aggregate":
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: it is none, or of another format.
        """
        try:
            format_, *parts = orjson.loads(zlib.decompress(encoded))
        except (zlib.error, TypeError) as error:
            raise ValueError(f"not an aggregate: {error}") from None
        if format_ != FORMAT:
            raise ValueError(f"an aggregate of format {format_}, expected {FORMAT}; fold its window again")
        counts, sums, sketches, ranges, tables, spans, worst, rows = parts
        return cls(
            Counter(counts),
            {slot: int(total, 16) for slot, total in sums.items()},
            {slot: Sketch.decode(encoded) for slot, encoded in sketches.items()},
            {slot: (least, most) for slot, (least, most) in ranges.items()},
            tables,
            {slot: tuple(_exemplar(one, spans) for one in exemplars) for slot, exemplars in worst.items()},
            Distinct.from_bytes(base64.b64decode(rows)),
        )


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _interned(worst: dict[str, Exemplars]) -> tuple[list[tuple[Any, ...]], dict[str, list[tuple[Any, ...]]]]:
    """Every span once, since one prediction is often the worst in several ways, and exemplars that point to it."""
    spans = sorted({_span(one) for exemplars in worst.values() for one in exemplars})
    place = {span: index for index, span in enumerate(spans)}
    return spans, {
        slot: [(one.value, one.instance, one.detail, place[_span(one)]) for one in exemplars]
        for slot, exemplars in worst.items()
    }


def _span(one: Exemplar) -> tuple[str, str, str, int]:
    return one.prediction_id, one.span_id, one.stage, one.started_ns


def _exemplar(encoded: tuple[Any, ...], spans: list[tuple[Any, ...]]) -> Exemplar:
    value, instance, detail, place = encoded
    prediction_id, span_id, stage, started_ns = spans[place]
    return Exemplar(value, prediction_id, instance, span_id, stage, started_ns, detail)
