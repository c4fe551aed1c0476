"""ModelInfer and the methods around it, over a real server, against what numpy says."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common import attributes
from hallmark_inference.datatypes import KINDS
from hallmark_inference.tensors import from_contents, from_raw, to_contents, to_raw
from tests.support.waiting import eventually

Build = Callable[..., oip.ModelInferRequest]
A, B = np.arange(6, dtype=np.float32).reshape(2, 3), np.full((2, 3), 10, np.float32)


def values(response: oip.ModelInferResponse, index: int = 0) -> np.ndarray[Any, Any]:
    output = response.outputs[index]
    return from_raw(KINDS[output.datatype], output.shape, response.raw_output_contents[index], "raw")


async def test_raw_request_raw_answer(served: Any, raw_request: Build) -> None:
    request = raw_request("add", b=B, a=A)  # not in the order of the graph
    request.id = "mine"
    response = await served.infer(request)
    assert (response.model_name, response.model_version, response.id) == ("add", "1", "mine")
    assert [(output.name, output.datatype, list(output.shape)) for output in response.outputs] == [
        ("y", "FP32", [2, 3])
    ]
    assert not response.outputs[0].HasField("contents")
    np.testing.assert_array_equal(values(response), A + B)


async def test_typed_request_typed_answer(served: Any) -> None:
    request = oip.ModelInferRequest(model_name="add")
    for name, array in (("a", A), ("b", B)):
        contents = oip.InferTensorContents(fp32_contents=array.ravel().tolist())
        request.inputs.add(name=name, datatype="FP32", shape=array.shape, contents=contents)
    response = await served.infer(request)
    assert not response.raw_output_contents
    assert list(response.outputs[0].contents.fp32_contents) == (A + B).ravel().tolist()


async def test_a_typed_request_whose_answer_has_no_typed_form(served: Any) -> None:
    request = oip.ModelInferRequest(model_name="halve")
    contents = oip.InferTensorContents(fp32_contents=[1, 0.5])
    request.inputs.add(name="x", datatype="FP32", shape=[2], contents=contents)
    response = await served.infer(request)
    assert response.outputs[0].datatype == "FP16"
    assert values(response).tolist() == [1, 0.5]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_every_datatype_through_onnx_runtime(served: Any, kind: Any) -> None:
    array = np.array([["a\0b", "é"], ["", "😀"]], object) if kind.datatype == "BYTES" else np.eye(2).astype(kind.dtype)
    request = oip.ModelInferRequest(model_name=f"echo-{kind.datatype.lower()}")
    tensor = request.inputs.add(name="x", datatype=kind.datatype, shape=array.shape)
    request.raw_input_contents.append(to_raw(kind, array))
    assert values(await served.infer(request)).tolist() == array.tolist()
    if kind.field is not None:
        del request.raw_input_contents[:]
        tensor.contents.CopyFrom(to_contents(kind, array))
        output = (await served.infer(request)).outputs[0]
        assert from_contents(kind, output.shape, output.contents, "contents").tolist() == array.tolist()


async def test_versions(served: Any, raw_request: Build) -> None:
    second = await served.infer(raw_request("add", "2", a=A, b=B))
    assert second.model_version == "2"
    np.testing.assert_array_equal(values(second), A - B)


async def test_selected_outputs_come_in_the_order_asked_for(served: Any, raw_request: Build) -> None:
    x = np.array([-1, 2], np.float32)
    request = raw_request("two-outputs", x=x)
    every = await served.infer(request)
    assert [output.name for output in every.outputs] == ["minus", "absolute"]
    request.outputs.add(name="absolute")
    request.outputs.add(name="minus")
    chosen = await served.infer(request)
    assert [output.name for output in chosen.outputs] == ["absolute", "minus"]
    np.testing.assert_array_equal(values(chosen, 0), abs(x))
    np.testing.assert_array_equal(values(chosen, 1), -x)


@pytest.mark.parametrize(
    ("model", "arrays", "size"),
    [
        ("add", {"a": A, "b": B}, 2),
        ("scalar", {"x": np.array(3, np.float32)}, 1),
        ("echo-fp32", {"x": np.zeros((0, 4), np.float32)}, 0),
        ("echo-fp32", {"x": np.zeros((7, 1), np.float32)}, 7),
    ],
)
async def test_measurements_in_the_answer(
    served: Any, raw_request: Build, model: str, arrays: dict[str, Any], size: int
) -> None:
    parameters = (await served.infer(raw_request(model, **arrays))).parameters
    assert set(parameters) == {"queue_ms", "batch_ms", "compute_ms", "batch_size"}
    assert parameters["batch_size"].int64_param == size
    for name in ("queue_ms", "batch_ms", "compute_ms"):
        assert parameters[name].WhichOneof("parameter_choice") == "double_param"
        assert 0 <= parameters[name].double_param < 10_000


async def test_not_a_number_is_data(served: Any, raw_request: Build) -> None:
    x = np.array([[np.nan, np.inf, -np.inf, -0.0]], np.float32)
    assert values(await served.infer(raw_request("echo-fp32", x=x))).tobytes() == x.tobytes()


async def test_the_spans_of_a_run(served: Any, raw_request: Build) -> None:
    response = await served.infer(raw_request("add", a=A, b=B))
    await eventually(lambda: len(served.spans.get_finished_spans()) == 4)
    spans = {span.name: span for span in served.spans.get_finished_spans()}
    stage = spans.pop("inference.GRPCInferenceService/ModelInfer")
    found = stage.attributes
    assert found[attributes.STAGE] == "inference"
    assert [found[name] for name in (attributes.MODEL, attributes.MODEL_VERSION, attributes.MODEL_VARIANT)] == [
        "add",
        "1",
        "blue",
    ]
    assert found[attributes.BATCH_SIZE] == 2
    for attribute, parameter in (
        (attributes.QUEUE_MS, "queue_ms"),
        (attributes.BATCH_MS, "batch_ms"),
        (attributes.COMPUTE_MS, "compute_ms"),
    ):
        assert found[attribute] == response.parameters[parameter].double_param
    queue, batch, compute = (spans.pop(name) for name in ("queue", "batch", "compute"))
    assert not spans
    assert queue.parent.span_id == batch.parent.span_id == stage.context.span_id
    assert compute.parent.span_id == batch.context.span_id
    moments = [stage.start_time, queue.start_time, queue.end_time, compute.start_time, compute.end_time, batch.end_time]
    assert moments == sorted(moments)
    assert batch.start_time == queue.end_time
    assert (queue.end_time - queue.start_time) / 1e6 == found[attributes.QUEUE_MS]
    assert (compute.end_time - compute.start_time) / 1e6 == found[attributes.COMPUTE_MS]
    own = (batch.end_time - batch.start_time) - (compute.end_time - compute.start_time)
    assert own / 1e6 == pytest.approx(found[attributes.BATCH_MS])


async def test_server_and_model_metadata(served: Any) -> None:
    assert (await served.call("ServerLive", oip.ServerLiveRequest(), oip.ServerLiveResponse)).live
    assert (await served.call("ServerReady", oip.ServerReadyRequest(), oip.ServerReadyResponse)).ready
    server = await served.call("ServerMetadata", oip.ServerMetadataRequest(), oip.ServerMetadataResponse)
    assert (server.name, server.version) == ("hallmark-inference", version("hallmark"))
    ready = await served.call("ModelReady", oip.ModelReadyRequest(name="add", version="2"), oip.ModelReadyResponse)
    assert ready.ready
    model = await served.call("ModelMetadata", oip.ModelMetadataRequest(name="add"), oip.ModelMetadataResponse)
    assert (model.name, list(model.versions), model.platform) == ("add", ["1", "2"], "onnxruntime_onnx")
    described = [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in (*model.inputs, *model.outputs)]
    assert described == [("a", "FP32", [-1, 3]), ("b", "FP32", [-1, 3]), ("y", "FP32", [-1, 3])]


@pytest.mark.parametrize(("name", "version"), [("nope", ""), ("", ""), ("add", "3"), ("ADD", ""), ("add", "../1")])
async def test_models_that_are_not_there(served: Any, failure_of: Any, name: str, version: str) -> None:
    calls = [
        served.infer(oip.ModelInferRequest(model_name=name, model_version=version)),
        served.call("ModelReady", oip.ModelReadyRequest(name=name, version=version), oip.ModelReadyResponse),
        served.call("ModelMetadata", oip.ModelMetadataRequest(name=name, version=version), oip.ModelMetadataResponse),
    ]
    for call in calls:
        failure = await failure_of(call)
        assert failure.code.name == "NOT_FOUND"
        assert failure.field == ("version" if name == "add" else "model")
        assert "1, 2" in failure.message or "add" in failure.message
