"""Real ONNX models in a temporary folder, and the inference service over them on a real port."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from onnx import TensorProto, helper
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common.service import Runtime, StageMethod
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_inference.datatypes import KINDS
from hallmark_inference.repository import Repository, load_repository
from hallmark_inference.runner import Runner
from hallmark_inference.servicer import InferenceServicer
from hallmark_inference.wire import WIRE_SERVICE, add_to_server, reflection_pool
from tests.support.graphs import make_model as make_onnx

PATIENCE_S = 20.0

ANY_INPUT = {"name": "x", "datatype": "FP32", "shape": [-1]}
OIP_NAMES = {"STRING": "BYTES", "FLOAT16": "FP16", "FLOAT": "FP32", "DOUBLE": "FP64"}

Value = tuple[str, int, Sequence[int | str] | None]


def graph_bytes(*graph: Any) -> bytes:
    """A serialized ONNX model."""
    return bytes(make_onnx(*graph).SerializeToString())


def _element(datatype: str) -> int:
    names = {"BYTES": "STRING", "FP16": "FLOAT16", "FP32": "FLOAT", "FP64": "DOUBLE"}
    return int(TensorProto.DataType.Value(names.get(datatype, datatype)))


def _endless() -> bytes:
    """Adds 1 to a scalar ``rounds`` times: as slow as one likes, and correct at the end."""
    scalar = (TensorProto.FLOAT, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["value", "one"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", *scalar),
        ],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("next", *scalar)],
    )
    return graph_bytes(
        [helper.make_node("Loop", ["rounds", "true", "x"], ["y"], body=body)],
        [("rounds", TensorProto.INT64, []), ("x", *scalar)],
        [("y", *scalar)],
        [helper.make_tensor("true", TensorProto.BOOL, [], [True]), helper.make_tensor("one", *scalar, [1.0])],
    )


def _models() -> dict[str, dict[str, bytes]]:
    """Graphs by model name and version."""
    floats, ints = TensorProto.FLOAT, TensorProto.INT64
    pair = [("a", floats, ["n", 3]), ("b", floats, ["m", 3])]

    def binary(operator: str) -> bytes:
        return graph_bytes([helper.make_node(operator, ["a", "b"], ["y"])], pair, [("y", floats, ["k", 3])])

    def one(operator: str, *, shape: list[int | str], out: list[int | str] | None, element: int = floats) -> bytes:
        node = helper.make_node(operator, ["x"], ["y"])
        return graph_bytes([node], [("x", element, shape)], [("y", element, out)])

    found = {
        "add": {"1": binary("Add"), "2": binary("Sub")},
        "fixed": {"1": one("Neg", shape=[2, 3], out=[2, 3])},
        "scalar": {"1": one("Neg", shape=[], out=[])},
        "endless": {"1": _endless()},
        "halve": {
            "1": graph_bytes(
                [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16)],
                [("x", floats, ["n"])],
                [("y", TensorProto.FLOAT16, ["n"])],
            )
        },
        "two-outputs": {
            "1": graph_bytes(
                [helper.make_node("Neg", ["x"], ["minus"]), helper.make_node("Abs", ["x"], ["absolute"])],
                [("x", floats, ["n"])],
                [("minus", floats, ["n"]), ("absolute", floats, ["n"])],
            )
        },
        "sevens": {
            "1": graph_bytes(
                [helper.make_node("Reshape", ["x", "shape"], ["y"])],
                [("x", floats, ["n", "m"])],
                [("y", floats, ["k", 7])],
                [helper.make_tensor("shape", ints, [2], [-1, 7])],
            )
        },
        "pick": {
            "1": graph_bytes(
                [helper.make_node("Gather", ["x", "index"], ["y"])],
                [("x", floats, ["n"]), ("index", ints, ["m"])],
                [("y", floats, ["m"])],
            )
        },
        "divide": {
            "1": graph_bytes(
                [helper.make_node("Div", ["x", "by"], ["y"])],
                [("x", ints, ["n"]), ("by", ints, ["n"])],
                [("y", ints, ["n"])],
            )
        },
        "expand": {
            "1": graph_bytes(
                [helper.make_node("Expand", ["x", "shape"], ["y"])],
                [("x", floats, ["n"]), ("shape", ints, ["m"])],
                [("y", floats, None)],
            )
        },
    }
    for datatype in KINDS:
        found[f"echo-{datatype.lower()}"] = {
            "1": one("Identity", shape=["n", "m"], out=["n", "m"], element=_element(datatype))
        }
    return found


def _inputs(graph: bytes) -> list[dict[str, Any]]:
    """The inputs of a graph as model.yaml declares them; any at all where it is none."""
    try:
        inputs = onnx.load_from_string(graph).graph.input
    except DecodeError:
        inputs = []
    found = [
        {"name": value.name, "datatype": OIP_NAMES.get(element, element), "shape": _shape(value.type.tensor_type)}
        for value in inputs
        if (element := TensorProto.DataType.Name(value.type.tensor_type.elem_type)) != "UNDEFINED"
    ]
    return found or [ANY_INPUT]


def _shape(tensor: Any) -> list[int]:
    return [axis.dim_value if axis.HasField("dim_value") else -1 for axis in tensor.shape.dim]


def write_model(folder: Path, versions: dict[str, bytes], *, variant: str = "default") -> None:
    """A model folder as users have them."""
    folder.mkdir(parents=True)
    declared = {"kind": "tensor", "batched": False, "tensors": _inputs(next(iter(versions.values()), b""))}
    document = {"name": folder.name, "variant": variant, "input": declared, "output": {"kind": "raw"}}
    (folder / "model.yaml").write_text(json.dumps(document))
    for version, graph in versions.items():
        (folder / version).mkdir()
        (folder / version / "model.onnx").write_bytes(graph)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., None]:
    return write_model


@pytest.fixture(scope="session")
def make_graph() -> Callable[..., bytes]:
    return graph_bytes


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name, versions in _models().items():
        write_model(folder / name, versions, variant="blue" if name == "add" else "default")
    return folder


@pytest.fixture(scope="session")
def repository(models_dir: Path) -> Repository:
    return load_repository(models_dir, threads=1)


@dataclass(frozen=True)
class Served:
    """A running service and the ways to look at it."""

    target: str
    channel: grpc.aio.Channel
    runner: Runner
    spans: InMemorySpanExporter

    def infer(self, request: oip.ModelInferRequest, **options: Any) -> Any:
        """Start a ModelInfer call."""
        return self.call("ModelInfer", request, oip.ModelInferResponse, **options)

    def call(self, method: str, request: Any, response_type: Any, **options: Any) -> Any:
        """Start a call of any method by the wire name of the service."""
        path = f"/{WIRE_SERVICE}/{method}"
        stub = self.channel.unary_unary(path, type(request).SerializeToString, response_type.FromString)
        return stub(request, **options)


Serve = Callable[..., Any]


@pytest.fixture
def serve(repository: Repository, free_port: int, models_dir: Path) -> Serve:
    """The service with a runner of one's own choice, as an asynchronous context manager."""

    @asynccontextmanager
    async def run(*, threads: int = 2, queue_size: int = 64) -> AsyncIterator[Served]:
        settings = Settings(
            inference_port=free_port, models_dir=models_dir, max_concurrent_requests=1000, max_request_bytes=2**20
        )
        telemetry = Telemetry("hallmark-inference", settings, span_exporter=None, metric_readers=())
        spans = InMemorySpanExporter()
        telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
        runtime = Runtime("hallmark-inference", settings, telemetry)
        target = f"127.0.0.1:{free_port}"
        with Runner(threads=threads, queue_size=queue_size) as runner:
            server = runtime.grpc_server("inference_port", stage=StageMethod("inference", f"{WIRE_SERVICE}/ModelInfer"))
            add_to_server(InferenceServicer(repository, runner, runtime.tracer), server.server)
            await server.start(WIRE_SERVICE, pool=reflection_pool())
            async with grpc.aio.insecure_channel(target, _UNLIMITED) as channel:
                yield Served(target, channel, runner, spans)
            await runtime.close()
        telemetry.shutdown()

    return run


_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    async with serve() as running:
        yield running


@dataclass(frozen=True)
class Failure:
    """How a call failed, as a client sees it."""

    code: grpc.StatusCode
    message: str
    reason: str
    field: str


@pytest.fixture
def failure_of() -> Callable[[Any], Awaitable[Failure]]:
    """The failure of a call that must fail, from its status and its ErrorInfo."""

    async def failure(call: Any) -> Failure:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        error, info = caught.value, error_details_pb2.ErrorInfo()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin" and isinstance(value, bytes):
                status_pb2.Status.FromString(value).details[0].Unpack(info)
        return Failure(error.code(), error.details() or "", info.reason, info.metadata.get("field", ""))

    return failure


@pytest.fixture(scope="session")
def raw_request() -> Callable[..., oip.ModelInferRequest]:
    """A request with raw contents, from numpy arrays of numbers."""

    def build(model: str, /, version: str = "", **arrays: np.ndarray[Any, Any]) -> oip.ModelInferRequest:
        request = oip.ModelInferRequest(model_name=model, model_version=version)
        for name, array in arrays.items():
            datatype = next(kind.datatype for kind in KINDS.values() if kind.dtype == array.dtype)
            request.inputs.add(name=name, datatype=datatype, shape=array.shape)
            request.raw_input_contents.append(array.tobytes())
        return request

    return build
