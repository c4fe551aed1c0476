"""The tensors that a ``model.yaml`` speaks of, to be compared with those of the graph."""

from collections.abc import Iterable
from dataclasses import dataclass

from hallmark_common.model_spec import (
    ColumnSpec,
    ImageInput,
    ModelSpec,
    RawOutput,
    TableInput,
    TensorInput,
)

DATATYPES = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "uint8": "UINT8",
    "int8": "INT8",
    "int32": "INT32",
    "int64": "INT64",
    "bool": "BOOL",
    "string": "BYTES",
}
"""Datatype of the Open Inference Protocol by dtype."""


@dataclass(frozen=True, slots=True)
class DeclaredTensor:
    """One tensor; ``name`` is None for the only one of the graph, ``datatype`` and ``shape`` where nothing is said."""

    name: str | None
    datatype: str | None = None
    shape: tuple[int, ...] | None = None
    """Extents, -1 where any will do."""


def declared_inputs(spec: ModelSpec) -> list[DeclaredTensor]:
    """What the graph will be fed; never empty."""
    given = spec.input
    if isinstance(given, ImageInput):
        return [DeclaredTensor(given.tensor, DATATYPES[given.dtype], _image_shape(given))]
    if isinstance(given, TensorInput):
        return [DeclaredTensor(tensor.name, tensor.datatype, tensor.shape) for tensor in given.tensors]
    return _table_inputs(given)


def declared_outputs(spec: ModelSpec) -> list[DeclaredTensor]:
    """What the graph is asked for; empty for all that it has."""
    if isinstance(spec.output, RawOutput):
        return [DeclaredTensor(name) for name in spec.output.tensors]
    return [DeclaredTensor(spec.output.tensor)]


def _image_shape(given: ImageInput) -> tuple[int, ...]:
    channels = 1 if given.color == "grey" else 3
    return {
        "NCHW": (-1, channels, given.height, given.width),
        "NHWC": (-1, given.height, given.width, channels),
        "NHW": (-1, given.height, given.width),
    }[given.layout]


def _table_inputs(given: TableInput) -> list[DeclaredTensor]:
    columns = {column.name: column for column in given.columns}
    if not given.tensors:
        return [DeclaredTensor(None, "FP32", (-1, _width(given.columns)))]
    return [
        DeclaredTensor(tensor.name, DATATYPES[tensor.dtype], (-1, _width(columns[name] for name in tensor.columns)))
        for tensor in given.tensors
    ]


def _width(columns: Iterable[ColumnSpec]) -> int:
    return sum(len(column.categories) if column.encode == "one_hot" else 1 for column in columns)
