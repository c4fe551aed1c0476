"""Segments: the parts of a model's predictions whose quality is also kept apart, as ``model.yaml`` declares them.

A dimension has a closed list of values, so that no client can make up more of them; whatever is in none of these, or
is not known, is :data:`OTHER`.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from hallmark_common.model_spec import MAX_SEGMENTS, ModelSpec, SegmentSpec, TableInput
from hallmark_common.profile import category_of

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Segmenter:
    """One dimension: which of its ``values`` a prediction has.

    ``column`` is empty where the size of an image is what counts; ``edges`` is empty where categories do.
    """

    name: str
    values: tuple[str, ...]
    """Every value there can be; ``other`` is one of them."""
    column: str
    edges: tuple[float, ...]
    known: frozenset[str]

    def of(self, row: Mapping[str, object]) -> str:
        """The value of a row as it is recorded: column to JSON value."""
        value = row.get(self.column) if self.column else None
        if self.edges:
            return self._between(value)
        if not isinstance(value, bool | int | str):
            return OTHER
        category = category_of(value)
        return category if category in self.known else OTHER

    def of_image(self, width: int, height: int) -> str:
        """The value of an image as it was sent, in pixels."""
        return OTHER if self.column else self._between(min(width, height))

    def _between(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
            return OTHER
        return self.values[bisect_right(self.edges, value)]


def segments_of(spec: ModelSpec) -> tuple[Segmenter, ...]:
    """The dimensions of a model, in the order in which it declares them."""
    return tuple(_segmenter(segment, spec) for segment in spec.segments)


def _segmenter(segment: SegmentSpec, spec: ModelSpec) -> Segmenter:
    values = _between_names(segment.edges) if segment.edges else _categories(segment, spec)
    return Segmenter(
        name=segment.name,
        values=values if OTHER in values else (*values, OTHER),
        column=segment.column or "",
        edges=segment.edges,
        known=frozenset(values),
    )


def _categories(segment: SegmentSpec, spec: ModelSpec) -> tuple[str, ...]:
    columns = spec.input.columns if isinstance(spec.input, TableInput) else ()
    (column,) = (column for column in columns if column.name == segment.column)
    return ("false", "true") if column.dtype == "boolean" else column.categories[:MAX_SEGMENTS]


def _between_names(edges: tuple[float, ...]) -> tuple[str, ...]:
    names = ["", *(repr(edge + 0.0).removesuffix(".0") for edge in edges), ""]
    return tuple(f"{low}..{high}" for low, high in pairwise(names))
