"""Declarations, images, and the service over real inference, for the tests of preprocess."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from onnx import TensorProto, helper
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from PIL import Image

from hallmark.preprocess.v1 import preprocess_pb2, preprocess_pb2_grpc
from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import ColumnSpec, ImageInput, ModelSpec, TableInput, parse_model_spec
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_inference.service import inference_service
from hallmark_preprocess.catalog import ServedModel
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.prepare import DataReport, Limits, Preparation, Prepared
from hallmark_preprocess.profile import profile_rows, write_profile
from hallmark_preprocess.service import preprocess_service
from hallmark_preprocess.steps import Steps
from tests.support.errors import error_info
from tests.support.graphs import make_model
from tests.support.ports import free_port_settings
from tests.support.waiting import eventually

PATIENCE_S = 20.0


def make_image_spec(**changes: Any) -> ImageInput:
    """An image input of 8 x 8 grey pixels."""
    return ImageInput(**{"kind": "image", "width": 8, "height": 8, "color": "grey", **changes})


def encode(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


@dataclass
class Attempt:
    """What became of one request that was prepared."""

    report: DataReport
    prepared: Prepared | None = None
    error: HallmarkError | None = None


def attempt(model: ServedModel, given: preprocess_pb2.Input, *, max_instances: int = 16) -> Attempt:
    """Prepare a request; the report is kept whatever happens."""
    report = DataReport()
    try:
        prepared = Preparation(model, given, Limits(max_instances, 1 << 24), report, Steps()).run()
    except HallmarkError as error:
        return Attempt(report, error=error)
    return Attempt(report, prepared)


def serve(input_: Any, output: Any = None, **rest: Any) -> ServedModel:
    """A model that is not on disk."""
    spec = ModelSpec(name="model", input=input_, output=output or {"kind": "raw"})
    return ServedModel(spec, ("1",), **rest)


@pytest.fixture(scope="session", name="encode")
def _encode() -> Callable[..., bytes]:
    return encode


@pytest.fixture(scope="session", name="attempt")
def _attempt() -> Callable[..., Attempt]:
    return attempt


@pytest.fixture(scope="session", name="serve")
def _serve() -> Callable[..., ServedModel]:
    return serve


@pytest.fixture(scope="session", name="image_spec")
def _image_spec() -> Callable[..., ImageInput]:
    return make_image_spec


class Collected(Findings):
    """Findings that a test can look into."""

    def counts(self) -> dict[str, int]:
        """Violations as '<kind>:<field>' to count."""
        return {f"{item.kind}:{item.field}": item.count for item in self.violations()}


@pytest.fixture
def findings() -> Collected:
    return Collected()


@pytest.fixture
def flight() -> TableInput:
    """A table with a column of every dtype."""
    return TableInput(
        kind="table",
        columns=(
            ColumnSpec(name="distance", dtype="number", minimum=0, maximum=5000, encode="standard", mean=1000, std=500),
            ColumnSpec(name="hour", dtype="integer", minimum=0, maximum=23),
            ColumnSpec(
                name="carrier", dtype="category", categories=("AA", "DL", "UA"), on_violation="record", encode="one_hot"
            ),
            ColumnSpec(name="wind", dtype="number", nullable=True, default=7.5, on_violation="record", maximum=100),
            ColumnSpec(name="cargo", dtype="boolean"),
            ColumnSpec(name="remark", dtype="text", nullable=True),
        ),
        tensors=(
            {"name": "features", "columns": ("distance", "hour", "carrier", "wind", "cargo")},
            {"name": "remarks", "dtype": "string", "columns": ("remark",)},
        ),
    )


@pytest.fixture
def row() -> dict[str, Any]:
    """A valid row of ``flight``."""
    return {"distance": 1500.0, "hour": 7, "carrier": "DL", "wind": 3.0, "cargo": True, "remark": "café"}


IMAGE_YAML = """\
name: bright
title: How bright
input: {kind: image, tensor: x, width: 4, height: 4, color: grey}
output: {kind: number, tensor: y, unit: grey level, scale: 255}
"""

TABLE_YAML = """\
name: risk
variant: champion
input:
  kind: table
  columns:
    - {name: age, dtype: number, minimum: 0, maximum: 120, encode: standard, mean: 40, std: 10}
    - {name: city, dtype: category, categories: [Bern, Rome], encode: one_hot, on_violation: record, record: hash}
    - {name: note, dtype: category, categories: [secret, public], encode: ordinal, record: none}
output: {kind: probability, label: risky, negative_label: safe, activation: sigmoid}
reference: reference.json
"""

CLASSES_YAML = """\
name: pick
input: {kind: tensor, tensors: [{name: x, datatype: FP32, shape: [-1, 3], minimum: -100, maximum: 100}]}
output: {kind: classes, labels: [red, green, blue], activation: softmax}
"""

RAW_YAML = """\
name: words
input: {kind: tensor, tensors: [{name: x, datatype: BYTES, shape: [-1, -1]}]}
output: {kind: raw}
"""

ODD_YAML = """\
name: odd
input: {kind: tensor, tensors: [{name: x, datatype: FP32, shape: [-1, 3]}]}
output: {kind: classes, labels: [one, two]}
"""


def _graph(*graph: Any) -> bytes:
    return bytes(make_model(*graph).SerializeToString())


def _write_model(folder: Path, name: str, text: str, graphs: dict[str, bytes]) -> Path:
    for version, graph in graphs.items():
        (folder / name / version).mkdir(parents=True)
        (folder / name / version / "model.onnx").write_bytes(graph)
    (folder / name / "model.yaml").write_text(text)
    return folder / name


WEIGHTS = np.array([[0.5], [1.0], [-1.0], [0.25]], dtype=np.float32)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real graphs with declarations of every kind."""
    folder = tmp_path_factory.mktemp("models")
    floats, texts = TensorProto.FLOAT, TensorProto.STRING
    mean = helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, 2, 3], keepdims=0)
    _write_model(
        folder, "bright", IMAGE_YAML, {"1": _graph([mean], [("x", floats, ["n", 1, 4, 4])], [("y", floats, ["n"])])}
    )
    weights = helper.make_tensor("w", floats, WEIGHTS.shape, WEIGHTS.ravel().tolist())
    line = _graph(
        [helper.make_node("MatMul", ["in", "w"], ["out"])],
        [("in", floats, ["n", 4])],
        [("out", floats, ["n", 1])],
        [weights],
    )
    risk = _write_model(folder, "risk", TABLE_YAML, {"1": line})
    rows = [{"age": 20.0 + step, "city": "Bern", "note": "public"} for step in range(41)]
    table = parse_model_spec(risk / "model.yaml").input
    assert isinstance(table, TableInput)
    write_profile(risk / "reference.json", profile_rows(table, rows), ["safe"] * 41)
    same = _graph([helper.make_node("Identity", ["x"], ["y"])], [("x", floats, ["n", 3])], [("y", floats, ["n", 3])])
    flipped = _graph([helper.make_node("Neg", ["x"], ["y"])], [("x", floats, ["n", 3])], [("y", floats, ["n", 3])])
    _write_model(folder, "pick", CLASSES_YAML, {"1": same, "2": flipped})
    _write_model(folder, "odd", ODD_YAML, {"1": same})
    echo = _graph([helper.make_node("Identity", ["x"], ["y"])], [("x", texts, ["n", "m"])], [("y", texts, ["n", "m"])])
    _write_model(folder, "words", RAW_YAML, {"1": echo})
    return folder


@dataclass
class Service:
    """A running preprocess service, with real inference behind it."""

    stub: Any
    spans: InMemorySpanExporter
    inference: Runtime

    async def predict(self, model: str, **given: Any) -> preprocess_pb2.PredictResponse:
        """One request; keyword arguments beside ``version`` are those of Input."""
        version = given.pop("version", "")
        request = preprocess_pb2.PredictRequest(model=model, version=version, input=preprocess_pb2.Input(**given))
        return await self.stub.Predict(request, timeout=PATIENCE_S)

    async def refused(self, model: str, **given: Any) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo, str]:
        """Status, error info and message of a request that must fail."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.predict(model, **given)
        return (caught.value.code(), error_info(caught.value), caught.value.details() or "")

    async def stage_span(self) -> ReadableSpan:
        """The newest preprocess stage span; it ends a moment after the answer has left."""

        def ended() -> list[ReadableSpan]:
            spans = self.spans.get_finished_spans()
            return [span for span in spans if (span.attributes or {}).get("hallmark.stage") == "preprocess"]

        return (await eventually(ended, "the stage span has ended", timeout_s=PATIENCE_S))[-1]


@asynccontextmanager
async def running(models_dir: Path, **changes: Any) -> AsyncIterator[Service]:
    """Inference and preprocess on free ports, their spans in memory."""
    settings = Settings(models_dir=models_dir, inference_threads=1, **{**free_port_settings(), **changes})
    spans = InMemorySpanExporter()
    telemetry = Telemetry("hallmark-preprocess", settings, span_exporter=None, metric_readers=())
    telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    runtimes = [Runtime("hallmark-inference", settings, telemetry), Runtime("hallmark-preprocess", settings, telemetry)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer", lambda name, *_, **__: telemetry.tracer_provider.get_tracer(name))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(inference_service(runtimes[0]))
            await stack.enter_async_context(preprocess_service(runtimes[1]))
            channel = await stack.enter_async_context(
                grpc.aio.insecure_channel(
                    f"127.0.0.1:{settings.preprocess_port}", options=[("grpc.max_send_message_length", -1)]
                )
            )
            yield Service(preprocess_pb2_grpc.PreprocessServiceStub(channel), spans, runtimes[0])
            await asyncio.gather(*(runtime.close() for runtime in runtimes))
    telemetry.shutdown()


@pytest.fixture
async def service(models_dir: Path) -> AsyncIterator[Service]:
    async with running(models_dir) as found:
        yield found


@pytest.fixture
def run_service(models_dir: Path) -> Callable[..., AbstractAsyncContextManager[Service]]:
    """``async with run_service(setting=…) as service``: a service with other settings."""
    return partial(running, models_dir)
