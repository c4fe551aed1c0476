"""Tables as an input: columns, and how they make up tensors."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from hallmark_common.model_spec.base import Dtype, Spec


class ColumnSpec(Spec):
    """A column of a table: what is valid, how it is encoded, what of it may be recorded."""

    name: str = Field(min_length=1, description="Key in a row.")
    dtype: Literal["number", "integer", "category", "boolean", "text"] = Field(
        description="integer is whole and within 2^53; category and text are texts."
    )
    description: str = Field("", description="One line for people.")
    unit: str = Field("", description="Unit for people, e.g. km.")
    minimum: float | None = Field(None, description="Lowest valid value.")
    maximum: float | None = Field(None, description="Highest valid value.")
    categories: tuple[str, ...] = Field((), description="Valid values of a category.")
    nullable: bool = Field(False, description="Whether null or an absent key is valid.")
    default: bool | float | str | None = Field(
        None,
        description="What a missing value is fed as. Where unset: all 0 for one_hot, -1 for ordinal, an empty text; a "
        "nullable number, integer or boolean needs one.",
    )
    on_violation: Literal["reject", "record"] = Field(
        "reject",
        description="Whether a value outside minimum, maximum or categories fails the request or is only recorded.",
    )
    encode: Literal["none", "standard", "minmax", "one_hot", "ordinal"] = Field(
        "none",
        description="standard: (x - mean) / std. minmax: (x - minimum) / (maximum - minimum). one_hot: one 0/1 a "
        "category, all 0 for an unknown one. ordinal: index in categories, -1 for an unknown one.",
    )
    mean: float = Field(0.0, allow_inf_nan=False, description="With encode standard.")
    std: float = Field(1.0, gt=0, allow_inf_nan=False, description="With encode standard.")
    record: Literal["value", "hash", "none"] | None = Field(
        None, description="What spans may carry of it; value for numbers, categories and booleans, none for text."
    )

    @property
    def recorded(self) -> Literal["value", "hash", "none"]:
        """What spans may carry of this column, with the default for its dtype."""
        return self.record or ("none" if self.dtype == "text" else "value")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.encode in ("one_hot", "ordinal") and not self.categories:
            raise ValueError(f"column {self.name}: encode {self.encode} needs categories")
        if self.encode == "minmax" and (self.minimum is None or self.maximum is None or self.minimum >= self.maximum):
            raise ValueError(f"column {self.name}: encode minmax needs minimum below maximum")
        if self.dtype not in ("number", "integer") and self.encode in ("standard", "minmax"):
            raise ValueError(f"column {self.name}: encode {self.encode} needs a number, dtype is {self.dtype}")
        if self.dtype not in ("category", "integer") and (self.categories or self.encode in ("one_hot", "ordinal")):
            raise ValueError(f"column {self.name}: categories need dtype category or integer, dtype is {self.dtype}")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column {self.name}: categories hold one twice")
        return self

    @model_validator(mode="after")
    def _default_is_valid(self) -> Self:
        if self.default is None:
            is_fed_as_is = self.encode not in ("one_hot", "ordinal")
            if self.nullable and self.dtype in ("number", "integer", "boolean") and is_fed_as_is:
                raise ValueError(f"column {self.name}: nullable {self.dtype} needs a default")
            return self
        is_number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        fits = {
            "number": is_number and math.isfinite(float(self.default)) if is_number else False,
            "integer": is_number and float(self.default).is_integer() if is_number else False,
            "boolean": isinstance(self.default, bool),
            "category": isinstance(self.default, str),
            "text": isinstance(self.default, str),
        }
        if not fits[self.dtype]:
            raise ValueError(f"column {self.name}: default {self.default!r} is no {self.dtype}")
        return self

    @property
    def is_text(self) -> bool:
        """Whether it is fed as text, so that it needs a tensor of dtype string."""
        return self.dtype in ("category", "text") and self.encode == "none"


class TableTensor(Spec):
    """A graph input of shape [N, F] made of encoded columns side by side."""

    name: str = Field(description="Graph input to feed.")
    dtype: Dtype = Field("float32", description="Element type; string for columns that are fed as text.")
    columns: tuple[str, ...] = Field(min_length=1, description="Names of columns, in order.")


class TableInput(Spec):
    """Rows of named columns, one instance a row."""

    kind: Literal["table"]
    columns: tuple[ColumnSpec, ...] = Field(min_length=1, description="Every key that a row may have.")
    tensors: tuple[TableTensor, ...] = Field(
        (),
        description="How columns make up graph inputs; unset: all columns in order, as float32, into the only one.",
    )

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        columns = {column.name: column for column in self.columns}
        if len(columns) != len(self.columns):
            raise ValueError("columns have the same name twice")
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            raise ValueError("tensors have the same name twice")
        for tensor in self.tensors:
            for name in tensor.columns:
                if name not in columns:
                    raise ValueError(f"tensor {tensor.name}: column {name} is not declared")
                if columns[name].is_text != (tensor.dtype == "string"):
                    raise ValueError(
                        f"tensor {tensor.name}: dtype is {tensor.dtype}, column {name} is fed as "
                        f"{'text' if columns[name].is_text else 'a number'}; change the dtype, or the column's encode"
                    )
        if not self.tensors and any(column.is_text for column in self.columns):
            raise ValueError("a column is fed as text: declare tensors, one of them with dtype string, or an encode")
        return self
