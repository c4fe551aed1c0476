"""Tensors as an input."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hallmark_common.model_spec.base import Spec

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]


class TensorSpec(Spec):
    """A graph input or output as the Open Inference Protocol describes it."""

    name: str = Field(description="Name in the graph.")
    datatype: Datatype = Field(description="As the Open Inference Protocol names it.")
    shape: tuple[int, ...] = Field(description="Extents; -1 where any will do.")
    minimum: float | None = Field(None, description="Lowest valid element.")
    maximum: float | None = Field(None, description="Highest valid element.")

    @model_validator(mode="after")
    def _extents(self) -> Self:
        if any(extent < 1 and extent != -1 for extent in self.shape):
            raise ValueError(f"tensor {self.name}: extents are -1, or 1 and more, shape is {list(self.shape)}")
        return self


class TensorInput(Spec):
    """Tensors as the graph takes them."""

    kind: Literal["tensor"]
    tensors: tuple[TensorSpec, ...] = Field(min_length=1, description="Every input of the graph.")
    batched: bool = Field(
        True,
        description="Whether axis 0 of every tensor counts instances; if not, a request is one instance that holds "
        "the whole tensors.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            raise ValueError("tensors have the same name twice")
        for tensor in self.tensors:
            if self.batched and not tensor.shape:
                raise ValueError(f"tensor {tensor.name}: has no axis to count instances on; set batched: false")
        return self
