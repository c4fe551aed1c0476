"""One tensor there and back in every datatype and form, and never more memory than what really came."""

import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from hallmark.oip.v2.open_inference_pb2 import InferTensorContents
from hallmark_common.errors import HallmarkError
from hallmark_inference.datatypes import KINDS, Kind
from hallmark_inference.tensors import (
    MAX_RANK,
    count_elements,
    from_contents,
    from_raw,
    to_contents,
    to_raw,
)

Array = np.ndarray[Any, Any]
SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
TYPED = [kind for kind in KINDS.values() if kind.field]


def arrays_of(kind: Kind) -> st.SearchStrategy[Array]:
    elements = st.text(max_size=8) if kind.datatype == "BYTES" else None
    return arrays(kind.dtype, SHAPES, elements=elements)


def assert_same(back: Array, array: Array) -> None:
    """Equal to the bit: NaN payloads and signed zeros too."""
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tolist() == array.tolist() if array.dtype == object else back.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_raw_there_and_back(kind: Kind, data: st.DataObject) -> None:
    array = data.draw(arrays_of(kind))
    assert count_elements(array.shape, "shape") == array.size
    assert_same(from_raw(kind, array.shape, to_raw(kind, array), "raw"), array)


@pytest.mark.parametrize("kind", TYPED, ids=[kind.datatype for kind in TYPED])
@settings(max_examples=40)
@given(data=st.data())
def test_typed_there_and_back(kind: Kind, data: st.DataObject) -> None:
    array = data.draw(arrays_of(kind))
    message = InferTensorContents.FromString(to_contents(kind, array).SerializeToString())
    back = from_contents(kind, array.shape, message, "contents")
    if array.dtype.kind == "f":  # protobuf keeps the value of a NaN, not its payload
        np.testing.assert_array_equal(back, array, strict=True)
    else:
        assert_same(back, array)


@given(texts=st.lists(st.text(max_size=20), max_size=10))
def test_bytes_are_as_another_implementation_writes_and_reads_them(texts: list[str]) -> None:
    array = np.array(texts, dtype=object)
    theirs = serialize_byte_tensor(array)
    raw = theirs.item() if theirs.size else b""
    assert to_raw(KINDS["BYTES"], array) == raw
    assert [text.decode() for text in deserialize_bytes_tensor(raw)] == texts


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=30)
@given(data=st.data(), extra=st.binary(min_size=1, max_size=9))
def test_raw_bytes_too_many_or_too_few_are_refused(kind: Kind, data: st.DataObject, extra: bytes) -> None:
    array = data.draw(arrays_of(kind))
    raw = to_raw(kind, array)
    wrong = [raw + extra] + ([raw[:-1]] if raw else [])
    for candidate in wrong:
        with pytest.raises(HallmarkError, match=r"raw\[0\]: expected"):
            from_raw(kind, array.shape, candidate, "raw[0]")


@given(raw=st.binary(max_size=64), count=st.integers(0, 20))
def test_any_bytes_are_strings_or_refused(raw: bytes, count: int) -> None:
    try:
        array = from_raw(KINDS["BYTES"], [count], raw, "raw")
    except HallmarkError:
        return
    assert to_raw(KINDS["BYTES"], array) == raw


@pytest.mark.parametrize("datatype", ["BYTES", "FP64", "BOOL"])
def test_a_claim_allocates_nothing(datatype: str) -> None:
    kind, shape = KINDS[datatype], [2**15, 2**15]
    tracemalloc.start()
    try:
        with pytest.raises(HallmarkError):
            from_raw(kind, shape, b"\0" * 16, "raw")
        with pytest.raises(HallmarkError):
            from_contents(kind, shape, InferTensorContents(), "contents")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_the_length_of_a_string_is_a_claim_too() -> None:
    with pytest.raises(HallmarkError, match="end inside of element 0"):
        from_raw(KINDS["BYTES"], [1], struct.pack("<I", 2**32 - 1) + b"short", "raw")


@pytest.mark.parametrize(
    "shape", [[-1], [2, -3], [2**63 - 1, 2**63 - 1], [2**40], [2**40, 0], [1] * (MAX_RANK + 1), [2**20, 2**20]]
)
def test_shapes_that_no_tensor_has(shape: list[int]) -> None:
    with pytest.raises(HallmarkError, match="shape: expected"):
        count_elements(shape, "shape")


@pytest.mark.parametrize(
    ("datatype", "low", "high"),
    [("INT8", -128, 127), ("INT16", -(2**15), 2**15 - 1), ("UINT8", 0, 255), ("UINT16", 0, 2**16 - 1)],
)
def test_integers_at_the_edge_of_their_datatype(datatype: str, low: int, high: int) -> None:
    kind = KINDS[datatype]
    assert kind.field is not None
    inside = InferTensorContents(**{kind.field: [low, high]})  # type: ignore[arg-type]  # the field of this datatype
    assert from_contents(kind, [2], inside, "contents").tolist() == [low, high]
    for value in [high + 1, *([low - 1] if low else [])]:
        outside = InferTensorContents(**{kind.field: [low, value]})  # type: ignore[arg-type]  # likewise
        with pytest.raises(HallmarkError, match=f"got {value}$"):
            from_contents(kind, [2], outside, "contents")


def test_fp16_has_no_typed_contents() -> None:
    with pytest.raises(HallmarkError, match="raw_input_contents"):
        from_contents(KINDS["FP16"], [0], InferTensorContents(), "contents")
    with pytest.raises(ValueError, match="FP16"):
        to_contents(KINDS["FP16"], np.zeros(1, np.float16))
