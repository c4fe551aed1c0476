"""One tensor between the Open Inference Protocol and numpy, in both of its forms: typed contents and raw bytes.

Raw bytes are row-major and little-endian; an element of BYTES is its length in 4 bytes and then itself (Open Inference
Protocol v2, "Raw Tensor Data"). Everything that arrives is checked against the bytes that really came before anything
is allocated for what the shape claims.
"""

import math
import struct
from collections.abc import Sequence

import numpy as np

from hallmark.oip.v2.open_inference_pb2 import InferTensorContents
from hallmark_common.errors import HallmarkError, invalid, shown
from hallmark_inference.datatypes import FIELDS, Array, Kind

MAX_RANK = 32
MAX_ELEMENTS = 2**31
"""More cannot arrive: a gRPC message is shorter than 2 GiB."""
MAX_EMPTY_EXTENT = 2**16
"""Bound on the other extents where one extent is 0: such a tensor has no bytes, so they cost its sender nothing."""

_LENGTH = struct.Struct("<I")


def count_elements(shape: Sequence[int], field: str) -> int:
    """How many elements a shape claims; INVALID_ARGUMENT for one that no tensor can have."""
    if len(shape) > MAX_RANK:
        raise invalid(field, f"at most {MAX_RANK} extents", f"{len(shape)}")
    if any(extent < 0 for extent in shape):
        raise invalid(field, "extents of 0 or more", shown(list(shape)))
    limit = MAX_EMPTY_EXTENT if 0 in shape else MAX_ELEMENTS
    if math.prod(extent or 1 for extent in shape) > limit:
        raise invalid(field, f"extents other than 0 with a product of at most {limit}", shown(list(shape)))
    return math.prod(shape)


def from_raw(kind: Kind, shape: Sequence[int], raw: bytes, field: str) -> Array:
    """The tensor in raw bytes.

    ``shape`` must have passed :func:`count_elements`. The array shares the memory of ``raw`` and is read-only, BYTES
    excepted. INVALID_ARGUMENT if the bytes are not exactly that tensor.
    """
    count = math.prod(shape)
    if kind.datatype == "BYTES":
        return _strings(_split(raw, count, field), field).reshape(shape)
    if len(raw) != count * kind.dtype.itemsize:
        raise invalid(field, f"{count * kind.dtype.itemsize} bytes of {kind.datatype}", f"{len(raw)} bytes")
    if kind.datatype == "BOOL" and raw.strip(b"\x00\x01"):
        raise invalid(field, "bytes that are 0 or 1 for BOOL", "others")
    return np.frombuffer(raw, kind.dtype, count).reshape(shape)


def from_contents(kind: Kind, shape: Sequence[int], contents: InferTensorContents, field: str) -> Array:
    """The tensor in typed contents.

    ``shape`` must have passed :func:`count_elements`. INVALID_ARGUMENT if another field than that of the datatype is
    filled, the number of elements is not that of the shape, or an integer does not fit the datatype.
    """
    if kind.field is None:
        raise invalid(field, f"{kind.datatype} in raw_input_contents, it has no typed contents", "no raw contents")
    for other in FIELDS:
        if other != kind.field and len(getattr(contents, other)):
            raise invalid(f"{field}.{other}", f"{kind.datatype} in {kind.field}", f"elements in {other}")
    values = getattr(contents, kind.field)
    field, count = f"{field}.{kind.field}", math.prod(shape)
    if len(values) != count:
        raise invalid(field, f"{count} elements for shape {list(shape)}", f"{len(values)}")
    if kind.datatype == "BYTES":
        return _strings(values, field).reshape(shape)
    return _narrowed(np.fromiter(values, kind.wire, count), kind, field).reshape(shape)


def to_raw(kind: Kind, array: Array) -> bytes:
    """A tensor as raw bytes; BYTES are arrays of ``str``."""
    if kind.datatype == "BYTES":
        return b"".join(_LENGTH.pack(len(text)) + text for text in map(str.encode, array.ravel()))
    return array.astype(kind.dtype, copy=False).tobytes()


def to_contents(kind: Kind, array: Array) -> InferTensorContents:
    """A tensor as typed contents; BYTES are arrays of ``str``. FP16 has none: a ValueError."""
    if kind.field is None:
        raise ValueError(f"{kind.datatype} has no typed contents")
    elements = array.ravel().tolist()
    contents = InferTensorContents()
    getattr(contents, kind.field).extend(map(str.encode, elements) if kind.datatype == "BYTES" else elements)
    return contents


def _narrowed(wide: Array, kind: Kind, field: str) -> Array:
    """Elements in their own dtype: the protocol carries 8 and 16 bit integers in fields of 32 bits."""
    if wide.dtype == kind.dtype:
        return wide
    bounds = np.iinfo(kind.dtype)
    outside = (wide < bounds.min) | (wide > bounds.max)
    if outside.any():
        expected = f"elements from {bounds.min} to {bounds.max} for {kind.datatype}"
        raise invalid(field, expected, str(wide[outside.argmax()]))
    return wide.astype(kind.dtype)


def _split(raw: bytes, count: int, field: str) -> list[bytes]:
    """The elements of raw BYTES."""

    def wrong(got: str) -> HallmarkError:
        return invalid(field, f"{count} elements, each after its length in 4 bytes", got)

    if len(raw) < count * _LENGTH.size:
        raise wrong(f"{len(raw)} bytes")
    elements, offset = [], 0
    for index in range(count):
        start = offset + _LENGTH.size
        offset = start + _LENGTH.unpack_from(raw, offset)[0] if start <= len(raw) else start
        if offset > len(raw):
            raise wrong(f"bytes that end inside of element {index}")
        elements.append(raw[start:offset])
    if offset != len(raw):
        raise wrong(f"{len(raw) - offset} bytes after the last")
    return elements


def _strings(elements: Sequence[bytes], field: str) -> Array:
    """Elements of BYTES as the text that ONNX Runtime takes, shape [len(elements)]."""
    array = np.empty(len(elements), dtype=object)
    for index, element in enumerate(elements):
        try:
            array[index] = element.decode()
        except UnicodeDecodeError:
            raise invalid(field, "elements in UTF-8", f"other bytes in element {index}") from None
    return array
