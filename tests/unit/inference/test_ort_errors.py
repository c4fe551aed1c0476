"""What is let through of ONNX Runtime's messages."""

import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, InvalidArgument

from hallmark_inference.ort_errors import from_run, reason_of

NODE = "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running {} node. Name:'{}' Status Message: "
CASES = {
    NODE.format("Reshape", "/home/me/net")
    + "/onnxruntime_src/core/reshape_helper.h:84 onnxruntime::ReshapeHelper::ReshapeHelper(const "
    "onnxruntime::TensorShape&, bool) size != 0 && (input_shape_size % size) == 0 was false. "
    "The input tensor cannot be reshaped. Input shape:{2,3}\n": (
        "The input tensor cannot be reshaped. Input shape:{2,3}"
    ),
    NODE.format("Div", "") + "element_wise_ops.cc:692 Compute Integer division by zero": "",
    NODE.format("Gather", "a 'name'\nof two lines") + "indices element out of data bounds, idx=9\n": (
        "indices element out of data bounds, idx=9"
    ),
    "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from /a b/c.onnx failed:Protobuf parsing failed.": (
        "Protobuf parsing failed"
    ),
    "[ONNXRuntimeError] : 1 : FAIL : std::bad_function_call": "",
    "x" * 1000: "x" * 200,
    "": "",
}


@pytest.mark.parametrize(("text", "reason"), CASES.items())
def test_reason(text: str, reason: str) -> None:
    assert reason_of(Fail(text)) == reason


def test_an_operator_that_rejects_its_input_is_named_without_its_path() -> None:
    error = from_run(InvalidArgument(NODE.format("Gather", "/home/me/net/Gather_7") + "idx=9 out of bounds"), "m")
    assert error is not None
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "MODEL_REJECTED_INPUT")
    assert error.message == (
        "inputs: expected values and shapes that model m takes, got some that its operator Gather rejects: "
        "idx=9 out of bounds"
    )


@pytest.mark.parametrize("error", [EPFail("[ONNXRuntimeError] : 11 : EP_FAIL : no"), KeyError("x"), TypeError("y")])
def test_what_is_not_the_callers_doing(error: Exception) -> None:
    assert from_run(error, "m") is None


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        Fail("[ONNXRuntimeError] : 1 : FAIL : x.cc:1 f() Failed to allocate memory for 9"),
        Fail("std::bad_alloc"),
    ],
)
def test_out_of_memory(error: Exception) -> None:
    known = from_run(error, "m")
    assert known is not None
    assert (known.code.name, known.reason) == ("RESOURCE_EXHAUSTED", "MODEL_OUT_OF_MEMORY")
