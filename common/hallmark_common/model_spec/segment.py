"""Dimensions of segments."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hallmark_common.model_spec.base import Spec
from hallmark_common.model_spec.image import ImageInput
from hallmark_common.model_spec.table import ColumnSpec, TableInput
from hallmark_common.model_spec.tensor import TensorInput

MAX_SEGMENTS = 32
"""So many segments in one dimension, beside ``other``."""


class SegmentSpec(Spec):
    """A dimension by which quality is also kept apart, in segments that are known beforehand.

    The segments of a category column are its first 32 categories, those of a boolean ``false`` and ``true``, and those
    of a number what lies between edges: ``edges: [28, 64]`` makes ``..28``, ``28..64`` and ``64..``, where an edge
    belongs to the segment above it. What is in none of them, or missing, is in ``other``.
    """

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="Name of the dimension, in reports and contracts."
    )
    column: str | None = Field(None, description="Column of a table whose values make the segments; recorded by value.")
    image: Literal["size"] | None = Field(
        None, description="Of an image, size is the smaller of its width and height in pixels, as sent."
    )
    edges: Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(max_length=MAX_SEGMENTS - 1)] = (
        Field((), description="Where numbers and sizes are parted, ascending.")
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.column is None) == (self.image is None):
            raise ValueError(f"segment {self.name}: expected either column or image")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError(f"segment {self.name}: edges must ascend")
        if self.image and not self.edges:
            raise ValueError(f"segment {self.name}: image needs edges")
        return self

    def check_fits(self, given: ImageInput | TableInput | TensorInput) -> None:
        """ValueError where the input of the model has no such thing, or may not record it."""
        kind = "image" if self.image else "table"
        if given.kind != kind:
            raise ValueError(f"segment {self.name}: needs an input of kind {kind}, that of the model is {given.kind}")
        if isinstance(given, TableInput):
            column = next((column for column in given.columns if column.name == self.column), None)
            if column is None:
                raise ValueError(f"segment {self.name}: column {self.column} is not declared")
            self._check_column(column)

    def _check_column(self, column: ColumnSpec) -> None:
        if column.recorded != "value":
            raise ValueError(
                f"segment {self.name}: column {column.name} has record {column.recorded}; segments need record value"
            )
        is_number = column.dtype in ("number", "integer")
        if self.edges and not is_number:
            raise ValueError(f"segment {self.name}: edges need a number, column {column.name} is {column.dtype}")
        if not self.edges and not column.categories and column.dtype != "boolean":
            needed = "edges" if is_number else "a column with categories"
            raise ValueError(f"segment {self.name}: column {column.name} is {column.dtype}: expected {needed}")
