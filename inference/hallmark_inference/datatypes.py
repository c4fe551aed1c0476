"""The datatypes of the Open Inference Protocol and what stands for each in numpy, in protobuf and in ONNX Runtime."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hallmark_common.datatypes import DTYPES
from hallmark_common.model_spec import Datatype

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One datatype.

    ``dtype`` is little-endian, as raw contents are; BYTES are arrays of objects that are all ``str``, because that is
    what ONNX Runtime takes as strings. ``field`` is the field of ``InferTensorContents`` for it, None where there is
    none (FP16), and ``wire`` the dtype that this field holds.
    """

    datatype: str
    dtype: np.dtype[Any]
    element: str
    field: str | None
    wire: np.dtype[Any]


def _kind(datatype: Datatype, element: str, field: str | None, wire: str) -> Kind:
    return Kind(datatype, DTYPES[datatype], element, field, np.dtype(wire))


KINDS: dict[str, Kind] = {
    kind.datatype: kind
    for kind in (
        _kind("BOOL", "bool", "bool_contents", "?"),
        _kind("UINT8", "uint8", "uint_contents", "<u4"),
        _kind("UINT16", "uint16", "uint_contents", "<u4"),
        _kind("UINT32", "uint32", "uint_contents", "<u4"),
        _kind("UINT64", "uint64", "uint64_contents", "<u8"),
        _kind("INT8", "int8", "int_contents", "<i4"),
        _kind("INT16", "int16", "int_contents", "<i4"),
        _kind("INT32", "int32", "int_contents", "<i4"),
        _kind("INT64", "int64", "int64_contents", "<i8"),
        _kind("FP16", "float16", None, "<f2"),
        _kind("FP32", "float", "fp32_contents", "<f4"),
        _kind("FP64", "double", "fp64_contents", "<f8"),
        _kind("BYTES", "string", "bytes_contents", "O"),
    )
}
"""Every datatype by its name in the protocol."""

BY_ELEMENT: dict[str, Kind] = {kind.element: kind for kind in KINDS.values()}
"""Every datatype by the element type in ONNX Runtime's name of it, ``tensor(<element>)``."""

FIELDS: tuple[str, ...] = tuple(dict.fromkeys(kind.field for kind in KINDS.values() if kind.field))
"""Every field of ``InferTensorContents``."""
