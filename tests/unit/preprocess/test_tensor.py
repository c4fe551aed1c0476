"""Tensors from JSON and from raw contents, and the codec of raw contents."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark.preprocess.v1.preprocess_pb2 import Tensor
from hallmark_common.datatypes import DTYPES
from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import TensorInput
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.oip_tensors import datatype_of, decode_raw, encode_raw
from hallmark_preprocess.tensor import arrays_from_json, arrays_from_messages, check_arrays, count_instances


def spec(*shape: int, datatype: str = "FP32", batched: bool = True, **more: Any) -> TensorInput:
    return TensorInput(
        kind="tensor", batched=batched, tensors=({"name": "x", "datatype": datatype, "shape": shape, **more},)
    )


def check_field(error: HallmarkError) -> None:
    assert error.metadata["field"].startswith(("instances", "tensors"))
    error.details()


def refusal(declared: TensorInput, instances: list[Any]) -> HallmarkError:
    with pytest.raises(HallmarkError) as caught:
        check_arrays(declared, arrays_from_json(declared, instances), 8, Findings())
    caught.value.details()
    return caught.value


@pytest.mark.parametrize("datatype", [name for name in DTYPES if name != "BYTES"])
def test_raw_contents_round_trip(datatype: Any) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(DTYPES[datatype])
    assert datatype_of(array) == datatype
    raw = encode_raw(array)
    assert len(raw) == 6 * DTYPES[datatype].itemsize
    np.testing.assert_array_equal(decode_raw(datatype, (2, 3), raw), array)


def test_raw_contents_are_little_endian_and_row_major() -> None:
    assert encode_raw(np.array([[1, 2], [3, 4]], ">i2").T) == struct.pack("<4h", 1, 3, 2, 4)


@given(elements=st.lists(st.binary(max_size=9), min_size=1, max_size=9))
def test_bytes_round_trip(elements: list[bytes]) -> None:
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    assert decode_raw("BYTES", (len(elements),), encode_raw(array)).tolist() == elements


@pytest.mark.parametrize(
    ("datatype", "shape", "raw"),
    [
        ("FP32", (2,), b"1234567"),
        ("FP32", (2,), b"123456789"),
        ("FP32", (-2,), b"12345678"),
        ("FP32", (2**62, 2**62), b""),
        ("BOOL", (2,), b"\x00\x02"),
        ("FP99", (1,), b"1234"),
        ("BYTES", (1,), b"\x05\x00\x00\x00abc"),
        ("BYTES", (1,), b"\xff\xff\xff\xffabc"),
        ("BYTES", (2,), b"\x00\x00\x00\x00\x01"),
        ("BYTES", (1,), b"\x00\x00\x00\x00more"),
        ("BYTES", (2**40,), b"\x00\x00\x00\x00"),
    ],
)
def test_raw_contents_that_are_no_such_tensor(datatype: Any, shape: Any, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"bytes|BYTES|datatypes|extents"):
        decode_raw(datatype, shape, raw)


def test_json_instances_are_stacked() -> None:
    arrays = arrays_from_json(spec(-1, 2, 2), [[[1, 2], [3, 4]], [[5, 6], [7, 8.5]]])
    assert arrays["x"].dtype == np.float32
    assert arrays["x"].tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8.5]]]
    assert count_instances(spec(-1, 2, 2), arrays) == 2


def test_json_scalars_are_instances_of_rank_0() -> None:
    assert arrays_from_json(spec(-1, datatype="INT64"), [4, 5])["x"].tolist() == [4, 5]


def test_json_of_a_whole_tensor() -> None:
    declared = spec(-1, 2, batched=False)
    arrays = arrays_from_json(declared, [[[1, 2], [3, 4], [5, 6]]])
    assert arrays["x"].shape == (3, 2)
    assert count_instances(declared, arrays) == 1
    assert refusal(declared, [[[1, 2]], [[3, 4]]]).metadata["expected"].startswith("exactly 1 instance")


def test_several_inputs_are_named() -> None:
    declared = TensorInput(
        kind="tensor",
        tensors=(
            {"name": "a", "datatype": "FP64", "shape": (-1, 2)},
            {"name": "b", "datatype": "BYTES", "shape": (-1,)},
        ),
    )
    arrays = arrays_from_json(declared, [{"a": [1, 2], "b": "ä"}, {"b": "", "a": [3, 4]}])
    assert arrays["a"].tolist() == [[1, 2], [3, 4]]
    assert arrays["b"].tolist() == ["ä".encode(), b""]
    assert refusal(declared, [[1, 2]]).metadata["expected"] == "an object with a, b"
    assert refusal(declared, [{"a": [1, 2]}]).metadata["field"] == "instances[0].b"
    assert refusal(declared, [{"a": [1, 2], "b": "", "c": 1}]).metadata["field"] == "instances[0].c"


@pytest.mark.parametrize(
    ("instances", "field"),
    [
        ([[[1, 2], [3]]], "instances[0][1]"),
        ([[[1, 2], 3]], "instances[0][1]"),
        ([[[1, 2], [3, [4]]]], "instances[0][1]"),
        ([[1, 2]], "instances[0][0]"),
        ([5], "instances[0]"),
        ([[]], "instances[0]"),
        ([[[], []]], "instances[0][0]"),
        ([[[1, 2]], [[1, 2, 3]]], "instances[1]"),
        ([[[1, "2"]]], "instances[0]"),
        ([[[1, None]]], "instances[0]"),
        ([[[1, True]]], "instances[0]"),
        ([[[1, {}]]], "instances[0][0]"),
        ([{"x": [[1, 2]], "y": 1}], "instances[0].y"),
        ([{}], "instances[0].x"),
        ([[[1, float("nan")]]], "instances[0]"),
        ([[[1, 1e39]]], "instances[0]"),
        ([[[1, 10**399]]], "instances[0]"),
    ],
)
def test_ragged_and_wrong_lists_are_named(instances: list[Any], field: str) -> None:
    assert refusal(spec(-1, -1, -1), instances).metadata["field"] == field


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("INT8", 128),
        ("UINT8", -1),
        ("INT64", 2**63),
        ("INT32", 1.5),
        ("BOOL", 1),
        ("BYTES", 1),
        ("BYTES", "\ud800"),
        ("FP16", 70000),
    ],
)
def test_elements_that_do_not_fit_the_datatype(datatype: str, value: Any) -> None:
    assert refusal(spec(-1, datatype=datatype), [value]).metadata["field"] == "instances[0]"


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 1), (6,), (), (0, 3)])
def test_shapes_must_fit_the_declaration(shape: tuple[int, ...]) -> None:
    findings = Findings()
    with pytest.raises(HallmarkError) as caught:
        check_arrays(spec(-1, 3), {"x": np.zeros(shape, np.float32)}, 8, findings)
    assert caught.value.metadata["field"] == "tensors[x].shape"
    assert [(item.kind, item.field) for item in findings.violations()] == [("size", "x")]


def test_instances_must_agree_and_be_few() -> None:
    declared = TensorInput(
        kind="tensor",
        tensors=({"name": "a", "datatype": "FP32", "shape": (-1,)}, {"name": "b", "datatype": "FP32", "shape": (-1,)}),
    )
    with pytest.raises(HallmarkError, match="3 instances on axis 0"):
        check_arrays(declared, {"a": np.zeros(3), "b": np.zeros(2)}, 8, Findings())
    with pytest.raises(HallmarkError, match="at most 2"):
        check_arrays(declared, {"a": np.zeros(3), "b": np.zeros(3)}, 2, Findings())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_is_refused_and_located(value: float) -> None:
    array = np.zeros((2, 3), np.float32)
    array[1, 2] = value
    with pytest.raises(HallmarkError) as caught:
        check_arrays(spec(-1, 3), {"x": array}, 8, Findings())
    assert caught.value.reason == "NOT_FINITE"
    assert caught.value.metadata["field"] == "tensors[x][1][2]"


def test_declared_bounds() -> None:
    declared = spec(-1, minimum=0, maximum=9, datatype="UINT8")
    check_arrays(declared, {"x": np.array([0, 9], np.uint8)}, 8, Findings())
    findings = Findings()
    with pytest.raises(HallmarkError, match=r"tensors\[x\]\[1\]: expected elements from 0 to 9"):
        check_arrays(declared, {"x": np.array([0, 10], np.uint8)}, 8, findings)
    assert findings.violations()[0].kind == "range"


@pytest.mark.parametrize(
    ("tensors", "field"),
    [
        ([], "tensors[x]"),
        ([Tensor(name="y")], "tensors[0].name"),
        ([Tensor(name="x", datatype="FP32", shape=[1], contents=b"1234")] * 2, "tensors[1].name"),
        ([Tensor(name="x", datatype="FP64", shape=[1], contents=b"12345678")], "tensors[x].datatype"),
        ([Tensor(name="x", datatype="FP32", shape=[2], contents=b"1234")], "tensors[x]"),
        ([Tensor(name="x", datatype="FP32", shape=[1] * 33, contents=b"1234")], "tensors[x].shape"),
        ([Tensor(name="x", datatype="FP32", shape=[-1], contents=b"1234")], "tensors[x]"),
    ],
)
def test_messages_that_are_wrong(tensors: list[Tensor], field: str) -> None:
    with pytest.raises(HallmarkError) as caught:
        arrays_from_messages(spec(-1), tensors)
    assert caught.value.metadata["field"] == field


def test_bytes_must_be_utf_8() -> None:
    declared = spec(-1, datatype="BYTES")
    arrays = arrays_from_messages(declared, [Tensor(name="x", datatype="BYTES", shape=[1], contents=b"\1\0\0\0\xff")])
    with pytest.raises(HallmarkError, match="UTF-8"):
        check_arrays(declared, arrays, 8, Findings())


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(
    instances=st.lists(ANY_JSON, min_size=1, max_size=3),
    datatype=st.sampled_from(list(DTYPES)),
    rank=st.integers(1, 3),
    batched=st.booleans(),
)
def test_any_json_is_a_tensor_or_refused(instances: list[Any], datatype: str, rank: int, batched: bool) -> None:
    declared = spec(*[-1] * rank, datatype=datatype, batched=batched)
    try:
        arrays = arrays_from_json(declared, instances)
        check_arrays(declared, arrays, 8, Findings())
    except HallmarkError as error:
        check_field(error)
    else:
        assert arrays["x"].ndim == rank
        assert arrays["x"].dtype == DTYPES[declared.tensors[0].datatype]


@settings(max_examples=200, deadline=None)
@given(
    shape=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), max_size=4),
    datatype=st.sampled_from(list(DTYPES)),
    contents=st.binary(max_size=40),
)
def test_any_message_is_a_tensor_or_refused(shape: list[int], datatype: str, contents: bytes) -> None:
    declared = spec(-1, -1, datatype=datatype)
    try:
        arrays = arrays_from_messages(declared, [Tensor(name="x", datatype=datatype, shape=shape, contents=contents)])
        check_arrays(declared, arrays, 8, Findings())
    except HallmarkError as error:
        check_field(error)
    else:
        assert arrays["x"].shape == tuple(shape)
