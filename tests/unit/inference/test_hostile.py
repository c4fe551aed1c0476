"""Requests that no model should see: each is refused with the field that is wrong, and the service lives on."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hallmark.oip.v2 import open_inference_pb2 as oip

Request = oip.ModelInferRequest
GOOD = np.ones((1, 3), np.float32)


@dataclass(frozen=True)
class Tensor:
    """One input as it is sent, right or wrong."""

    name: str = "x"
    datatype: str = "FP32"
    shape: Sequence[int] = (1, 3)
    contents: oip.InferTensorContents | None = None


def request(
    model: str, *tensors: Tensor, raw: Sequence[bytes] = (), outputs: Sequence[str] = (), version: str = ""
) -> Request:
    found = Request(model_name=model, model_version=version, raw_input_contents=raw)
    for tensor in tensors:
        found.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape, contents=tensor.contents)
    for name in outputs:
        found.outputs.add(name=name)
    return found


def typed(model: str, datatype: str, shape: Sequence[int], /, **contents: Any) -> Request:
    return request(model, Tensor("x", datatype, shape, oip.InferTensorContents(**contents)))


def raw(model: str, datatype: str, shape: Sequence[int], /, *contents: bytes) -> Request:
    return request(model, Tensor("x", datatype, shape), raw=contents)


FLOATS = GOOD.tobytes()
THREE = oip.InferTensorContents(fp32_contents=[1, 2, 3])
BOTH = (Tensor("a", "FP32", (1, 3)), Tensor("b", "FP32", (1, 3)))
SCALAR = (Tensor("x", "INT64", (1,)),)
INT64 = struct.Struct("<q")

CASES: dict[str, tuple[Request, str]] = {
    # which inputs
    "nothing at all": (Request(), "model"),
    "no model": (request("", Tensor(), raw=[FLOATS]), "model"),
    "unknown model": (request("nope", Tensor(), raw=[FLOATS]), "model"),
    "unknown model in unicode": (request("模型\u202e\0", Tensor()), "model"),
    "a path as model": (request("../../etc/passwd", Tensor()), "model"),
    "a very long model": (request("m" * 1_000_000, Tensor()), "model"),
    "unknown version": (request("add", *BOTH, raw=[FLOATS] * 2, version="9"), "version"),
    "a negative version": (request("add", *BOTH, raw=[FLOATS] * 2, version="-1"), "version"),
    "no inputs": (request("echo-fp32"), "inputs[x]"),
    "raw contents without inputs": (request("echo-fp32", raw=[FLOATS]), "inputs[x]"),
    "one input of two": (request("add", BOTH[0], raw=[FLOATS]), "inputs[b]"),
    "an unknown input": (request("echo-fp32", Tensor("z"), raw=[FLOATS]), "inputs[0].name"),
    "an input without a name": (request("echo-fp32", Tensor(""), raw=[FLOATS]), "inputs[0].name"),
    "one input too many": (request("add", *BOTH, Tensor("c"), raw=[FLOATS] * 3), "inputs[2].name"),
    "the same input twice": (request("add", BOTH[0], BOTH[0], raw=[FLOATS] * 2), "inputs[1].name"),
    "the same input 10,000 times": (request("echo-fp32", *[Tensor()] * 10_000), "inputs[1].name"),
    "the name in another case": (request("echo-fp32", Tensor("X"), raw=[FLOATS]), "inputs[0].name"),
    "an unknown output": (request("echo-fp32", Tensor(), raw=[FLOATS], outputs=["z"]), "outputs[0].name"),
    "an output without a name": (request("echo-fp32", Tensor(), raw=[FLOATS], outputs=["y", ""]), "outputs[1].name"),
    "the same output twice": (request("echo-fp32", Tensor(), raw=[FLOATS], outputs=["y", "y"]), "outputs[1].name"),
    # datatype
    "another datatype": (raw("echo-fp32", "FP64", (1, 3), np.ones(3).tobytes()), "inputs[x].datatype"),
    "the datatype of numpy": (raw("echo-fp32", "float32", (1, 3), FLOATS), "inputs[x].datatype"),
    "a datatype in lower case": (raw("echo-fp32", "fp32", (1, 3), FLOATS), "inputs[x].datatype"),
    "no datatype": (raw("echo-fp32", "", (1, 3), FLOATS), "inputs[x].datatype"),
    "a datatype that is not supported": (raw("echo-fp32", "BF16", (1, 3), FLOATS[:6]), "inputs[x].datatype"),
    "floats for text": (raw("echo-bytes", "FP32", (1, 3), FLOATS), "inputs[x].datatype"),
    "signed for unsigned": (raw("echo-uint8", "INT8", (1, 3), b"abc"), "inputs[x].datatype"),
    "a megabyte as datatype": (raw("echo-fp32", "F" * 2**20, (1, 3), FLOATS), "inputs[x].datatype"),
    # shape
    "no shape": (raw("echo-fp32", "FP32", (), FLOATS), "inputs[x].shape"),
    "rank too low": (raw("echo-fp32", "FP32", (3,), FLOATS), "inputs[x].shape"),
    "rank too high": (raw("echo-fp32", "FP32", (1, 3, 1), FLOATS), "inputs[x].shape"),
    "rank of 33": (raw("scalar", "FP32", (1,) * 33, FLOATS[:4]), "inputs[x].shape"),
    "a million extents": (raw("scalar", "FP32", (1,) * 1_000_000, FLOATS[:4]), "inputs[x].shape"),
    "a fixed extent that differs": (raw("fixed", "FP32", (3, 2), FLOATS * 2), "inputs[x].shape"),
    "a batch where there is none": (raw("fixed", "FP32", (4, 3), FLOATS * 4), "inputs[x].shape"),
    "an extent of -1": (raw("echo-fp32", "FP32", (-1, 3), FLOATS), "inputs[x].shape"),
    "two negative extents": (raw("echo-fp32", "FP32", (-1, -3), FLOATS), "inputs[x].shape"),
    "the most negative extent": (raw("echo-fp32", "FP32", (-(2**63), 1), FLOATS), "inputs[x].shape"),
    "2^40 elements": (raw("echo-fp32", "FP32", (2**40, 1), FLOATS), "inputs[x].shape"),
    "2^63 - 1 elements": (raw("echo-fp32", "FP32", (2**63 - 1, 1), FLOATS), "inputs[x].shape"),
    "a product that wraps to 0": (raw("echo-fp32", "FP32", (2**32, 2**32), b""), "inputs[x].shape"),
    "a product that wraps to 3": (raw("echo-fp32", "FP32", (3, 6148914691236517206), FLOATS), "inputs[x].shape"),
    "nothing of a huge extent": (raw("echo-fp32", "FP32", (0, 2**62), b""), "inputs[x].shape"),
    "2^30 elements of which none came": (raw("echo-fp32", "FP32", (2**15, 2**15), FLOATS), "raw_input_contents[0]"),
    "2^30 strings of which none came": (raw("echo-bytes", "BYTES", (2**15, 2**15), b""), "raw_input_contents[0]"),
    # raw contents
    "raw bytes too few": (raw("echo-fp32", "FP32", (1, 3), FLOATS[:-1]), "raw_input_contents[0]"),
    "raw bytes too many": (raw("echo-fp32", "FP32", (1, 3), FLOATS + b"\0"), "raw_input_contents[0]"),
    "raw contents empty": (raw("echo-fp32", "FP32", (1, 3), b""), "raw_input_contents[0]"),
    "raw elements too many": (raw("echo-fp32", "FP32", (1, 3), FLOATS * 2), "raw_input_contents[0]"),
    "raw of half the width": (raw("echo-fp64", "FP64", (1, 3), FLOATS), "raw_input_contents[0]"),
    "raw wrong in the second input": (request("add", *BOTH, raw=[FLOATS, FLOATS[:4]]), "raw_input_contents[1]"),
    "raw contents of one input only": (request("add", *BOTH, raw=[FLOATS]), "raw_input_contents"),
    "raw contents too many": (raw("echo-fp32", "FP32", (1, 3), FLOATS, FLOATS), "raw_input_contents"),
    "raw and typed": (request("echo-fp32", Tensor(contents=THREE), raw=[FLOATS]), "inputs[x].contents"),
    "raw for one, typed for the other": (
        request("add", BOTH[0], Tensor("b", contents=THREE), raw=[FLOATS]),
        "raw_input_contents",
    ),
    "a raw BOOL that is 2": (raw("echo-bool", "BOOL", (1, 3), b"\0\1\2"), "raw_input_contents[0]"),
    "raw FP16 of odd length": (raw("echo-fp16", "FP16", (1, 1), b"\0"), "raw_input_contents[0]"),
    # BYTES
    "BYTES without lengths": (raw("echo-bytes", "BYTES", (1, 1), b"abc"), "raw_input_contents[0]"),
    "BYTES that end in a length": (raw("echo-bytes", "BYTES", (1, 2), b"\1\0\0\0aXXX"), "raw_input_contents[0]"),
    "BYTES that end in an element": (raw("echo-bytes", "BYTES", (1, 1), b"\5\0\0\0abcd"), "raw_input_contents[0]"),
    "BYTES of 4 GiB by their own account": (
        raw("echo-bytes", "BYTES", (1, 1), b"\xff\xff\xff\xffabc"),
        "raw_input_contents[0]",
    ),
    "BYTES too many": (raw("echo-bytes", "BYTES", (1, 1), b"\1\0\0\0a\1\0\0\0b"), "raw_input_contents[0]"),
    "BYTES that are big-endian": (raw("echo-bytes", "BYTES", (1, 1), b"\0\0\0\1a"), "raw_input_contents[0]"),
    "BYTES that are not UTF-8": (raw("echo-bytes", "BYTES", (1, 1), b"\2\0\0\0\xff\xfe"), "raw_input_contents[0]"),
    "typed BYTES that are not UTF-8": (
        typed("echo-bytes", "BYTES", (1, 1), bytes_contents=[b"\xed\xa0\x80"]),
        "inputs[x].contents.bytes_contents",
    ),
    # typed contents
    "neither raw nor typed": (request("echo-fp32", Tensor()), "inputs[x].contents.fp32_contents"),
    "typed elements too few": (
        typed("echo-fp32", "FP32", (1, 3), fp32_contents=[1]),
        "inputs[x].contents.fp32_contents",
    ),
    "typed elements too many": (
        typed("echo-fp32", "FP32", (1, 3), fp32_contents=range(4)),
        "inputs[x].contents.fp32_contents",
    ),
    "typed elements for an empty shape": (
        typed("echo-fp32", "FP32", (0, 3), fp32_contents=[1]),
        "inputs[x].contents.fp32_contents",
    ),
    "FP32 in fp64_contents": (
        typed("echo-fp32", "FP32", (1, 3), fp64_contents=[1, 2, 3]),
        "inputs[x].contents.fp64_contents",
    ),
    "FP32 in bytes_contents": (
        typed("echo-fp32", "FP32", (1, 3), bytes_contents=[FLOATS]),
        "inputs[x].contents.bytes_contents",
    ),
    "INT64 in int_contents": (
        typed("echo-int64", "INT64", (1, 3), int_contents=[1, 2, 3]),
        "inputs[x].contents.int_contents",
    ),
    "the right field and another": (
        typed("echo-fp32", "FP32", (1, 3), fp32_contents=[1, 2, 3], bool_contents=[True]),
        "inputs[x].contents.bool_contents",
    ),
    "typed FP16": (typed("echo-fp16", "FP16", (1, 3), fp32_contents=[1, 2, 3]), "inputs[x].contents"),
    "INT8 of 128": (typed("echo-int8", "INT8", (1, 1), int_contents=[128]), "inputs[x].contents.int_contents"),
    "INT8 of -129": (typed("echo-int8", "INT8", (1, 1), int_contents=[-129]), "inputs[x].contents.int_contents"),
    "INT16 of 2^15": (typed("echo-int16", "INT16", (1, 1), int_contents=[2**15]), "inputs[x].contents.int_contents"),
    "UINT8 of 256": (typed("echo-uint8", "UINT8", (1, 1), uint_contents=[256]), "inputs[x].contents.uint_contents"),
    "UINT16 of 2^32 - 1": (
        typed("echo-uint16", "UINT16", (1, 1), uint_contents=[2**32 - 1]),
        "inputs[x].contents.uint_contents",
    ),
    # what only the graph can tell
    "not a multiple of 7": (raw("sevens", "FP32", (1, 3), FLOATS), "inputs"),
    "inputs that do not broadcast": (
        request("add", Tensor("a", "FP32", (2, 3)), Tensor("b", "FP32", (3, 3)), raw=[FLOATS * 2, FLOATS * 3]),
        "inputs",
    ),
    "an index out of range": (
        request("pick", Tensor("x", "FP32", (3,)), Tensor("index", "INT64", (1,)), raw=[FLOATS, INT64.pack(2**40)]),
        "inputs",
    ),
    "an integer divided by 0": (
        request("divide", *SCALAR, Tensor("by", "INT64", (1,)), raw=[INT64.pack(1), INT64.pack(0)]),
        "inputs",
    ),
    "a result of 400 TB": (
        request(
            "expand",
            Tensor("x", "FP32", (1,)),
            Tensor("shape", "INT64", (2,)),
            raw=[FLOATS[:4], INT64.pack(10**6) + INT64.pack(10**8)],
        ),
        "inputs",
    ),
    "a result of a negative extent": (
        request("expand", Tensor("x", "FP32", (1,)), Tensor("shape", "INT64", (1,)), raw=[FLOATS[:4], INT64.pack(-5)]),
        "inputs",
    ),
}
CODES = {"model": "NOT_FOUND", "version": "NOT_FOUND"}
INTERNALS = ("onnxruntime", ".cc", ".h:", "::", "Traceback", "/tmp", "\n", "ONNXRuntimeError", "Name:''")


@pytest.mark.parametrize(("hostile", "field"), CASES.values(), ids=CASES)
async def test_refused_with_the_field_that_is_wrong(
    served: Any, failure_of: Any, raw_request: Callable[..., Request], hostile: Request, field: str
) -> None:
    failure = await failure_of(served.infer(hostile))
    assert failure.field == field
    assert failure.message.startswith(field)
    assert len(failure.message) < 500
    assert not [text for text in INTERNALS if text in failure.message]
    expected = "RESOURCE_EXHAUSTED" if failure.reason == "MODEL_OUT_OF_MEMORY" else CODES.get(field, "INVALID_ARGUMENT")
    assert failure.code.name == expected
    assert (failure.reason == "MODEL_REJECTED_INPUT") == (field == "inputs" and expected == "INVALID_ARGUMENT")
    answer = await served.infer(raw_request("echo-fp32", x=GOOD))
    assert answer.raw_output_contents[0] == FLOATS


async def test_out_of_memory_is_not_called_bad_input(served: Any, failure_of: Any) -> None:
    failure = await failure_of(served.infer(CASES["a result of 400 TB"][0]))
    assert (failure.code.name, failure.reason) == ("RESOURCE_EXHAUSTED", "MODEL_OUT_OF_MEMORY")


@pytest.mark.parametrize("method", ["ModelInfer", "ModelReady", "ModelMetadata", "ServerLive"])
async def test_bytes_that_are_no_message(served: Any, failure_of: Any, method: str) -> None:
    call = served.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(b"\xff" * 100)
    failure = await failure_of(call)
    assert (failure.code.name, failure.field) == ("INVALID_ARGUMENT", "request")


async def test_a_message_over_the_limit(served: Any, failure_of: Any, raw_request: Callable[..., Request]) -> None:
    failure = await failure_of(served.infer(raw_request("echo-fp32", x=np.zeros((3000, 1000), np.float32))))
    assert failure.code.name == "RESOURCE_EXHAUSTED"
    assert await served.infer(raw_request("echo-fp32", x=GOOD))
