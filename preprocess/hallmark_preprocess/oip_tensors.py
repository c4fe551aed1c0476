"""Arrays to and from the datatypes and raw contents of the Open Inference Protocol v2.

Raw contents are row-major and little-endian; each element of BYTES is preceded by its length in 4 bytes (Open Inference
Protocol v2, "Raw Tensor Data"). Arrays of BYTES have dtype object and hold ``bytes``.
"""

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hallmark_common.datatypes import BYTES, DTYPE_BY_NAME, DTYPES
from hallmark_common.model_spec import Datatype

_LENGTH = struct.Struct("<I")
_DATATYPES = {dtype: datatype for datatype, dtype in DTYPES.items()}


def datatype_of(array: NDArray[Any]) -> Datatype:
    """The protocol's name of an array's dtype; KeyError for a dtype it has no name for."""
    return _DATATYPES[array.dtype.newbyteorder("<")]


def encode_raw(array: NDArray[Any]) -> bytes:
    """Raw contents of an array of one of DTYPES."""
    if array.dtype == BYTES:
        return b"".join(_LENGTH.pack(len(element)) + element for element in array.flat)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def decode_raw(datatype: str, shape: Sequence[int], raw: bytes) -> NDArray[Any]:
    """The array in raw contents; read-only except for BYTES.

    Raises:
        ValueError: the datatype does not exist, or the bytes are not exactly a tensor of this shape. The message is
            for people and completes "expected raw contents that hold ...".
    """
    dtype = DTYPE_BY_NAME.get(datatype)
    if dtype is None:
        raise ValueError(f"one of the datatypes {', '.join(DTYPES)}")
    if any(extent < 0 for extent in shape):
        raise ValueError("extents of 0 or more")
    count = math.prod(shape)
    if dtype == BYTES:
        return _decode_bytes(count, raw).reshape(shape)
    if len(raw) != count * dtype.itemsize:
        raise ValueError(f"{count * dtype.itemsize} bytes, {dtype.itemsize} for each of {count} elements")
    if datatype == "BOOL" and raw.strip(b"\x00\x01"):
        raise ValueError("bytes 0 and 1 only for BOOL")
    return np.frombuffer(raw, dtype).reshape(shape)


def _decode_bytes(count: int, raw: bytes) -> NDArray[Any]:
    wrong = ValueError(f"{count} elements of BYTES, each after its length in 4 bytes")
    # Every element takes 4 bytes at least, so that nothing is allocated for what is not there.
    if count * _LENGTH.size > len(raw):
        raise wrong
    elements, start = np.empty(count, dtype=BYTES), 0
    for index in range(count):
        if start + _LENGTH.size > len(raw):
            raise wrong
        end = start + _LENGTH.size + _LENGTH.unpack_from(raw, start)[0]
        if end > len(raw):
            raise wrong
        elements[index], start = raw[start + _LENGTH.size : end], end
    if start != len(raw):
        raise wrong
    return elements
