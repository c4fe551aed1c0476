"""A stock client, in the same process as our own stubs: the names of both are in one descriptor pool."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as stock
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_inference.wire import reflection_pool

Array = np.ndarray[Any, Any]


def inputs(**arrays: Array) -> list[Any]:
    found = []
    for name, array in arrays.items():
        tensor = stock.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        found.append(tensor.set_data_from_numpy(array))
    return found


async def with_client(target: str, use: Callable[[Any], Any]) -> Any:
    """Run the blocking client where it does not hold up the service."""

    def run() -> Any:
        with stock.InferenceServerClient(target) as client:
            return use(client)

    return await asyncio.to_thread(run)


def test_both_protocols_are_loaded() -> None:
    theirs = service_pb2.ModelInferRequest.DESCRIPTOR
    assert theirs.full_name == "inference.ModelInferRequest"
    assert oip.ModelInferRequest.DESCRIPTOR.full_name == "hallmark.oip.v2.ModelInferRequest"
    assert reflection_pool().FindMessageTypeByName("inference.ModelInferRequest") is not theirs


async def test_live_ready_metadata(served: Any) -> None:
    def use(client: Any) -> None:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("add")
        assert client.is_model_ready("add", "2")
        assert client.get_server_metadata().name == "hallmark-inference"
        metadata = client.get_model_metadata("add")
        assert [(x.name, x.datatype, list(x.shape)) for x in metadata.inputs] == [
            ("a", "FP32", [-1, 3]),
            ("b", "FP32", [-1, 3]),
        ]

    await with_client(served.target, use)


async def test_infer(served: Any) -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.float32)
    result = await with_client(
        served.target, lambda client: client.infer("add", inputs(a=a, b=b), "2", request_id="seven")
    )
    np.testing.assert_array_equal(result.as_numpy("y"), a - b)
    assert result.get_response().id == "seven"
    assert result.get_response().parameters["batch_size"].int64_param == 2


@pytest.mark.parametrize("dtype", ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
async def test_every_dtype(served: Any, dtype: str) -> None:
    array = np.eye(3).astype(dtype)
    model = f"echo-{np_to_triton_dtype(array.dtype).lower()}"
    result = await with_client(served.target, lambda client: client.infer(model, inputs(x=array)))
    np.testing.assert_array_equal(result.as_numpy("y"), array, strict=True)


async def test_strings(served: Any) -> None:
    array = np.array([["plain", "é😀"], ["", "a\0b"]], dtype=object)
    result = await with_client(served.target, lambda client: client.infer("echo-bytes", inputs(x=array)))
    assert [text.decode() for text in result.as_numpy("y").ravel()] == array.ravel().tolist()


async def test_requested_outputs(served: Any) -> None:
    outputs = [stock.InferRequestedOutput("absolute")]
    x = np.array([-1, 2], np.float32)
    result = await with_client(served.target, lambda client: client.infer("two-outputs", inputs(x=x), outputs=outputs))
    np.testing.assert_array_equal(result.as_numpy("absolute"), [1, 2])
    assert result.as_numpy("minus") is None


async def test_what_a_user_of_it_reads_of_an_error(served: Any) -> None:
    wrong = inputs(a=np.ones((1, 3), np.float32), b=np.ones((1, 2), np.float32))
    with pytest.raises(InferenceServerException) as caught:
        await with_client(served.target, lambda client: client.infer("add", wrong))
    assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert caught.value.message() == "inputs[b].shape: expected [-1, 3] where -1 is any extent, got [1, 2]"


async def test_an_unknown_model(served: Any) -> None:
    with pytest.raises(InferenceServerException) as caught:
        await with_client(served.target, lambda client: client.get_model_metadata("nope"))
    assert caught.value.status() == "StatusCode.NOT_FOUND"
