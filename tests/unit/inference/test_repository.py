"""Loading: what is wrong with a model folder is one line that names the file and what to do."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from hallmark_common.model_spec import ModelSpecError
from hallmark_inference.repository import cores, load_repository

Make = Callable[..., None]
FLOATS = ("x", TensorProto.FLOAT, ["n"])


@pytest.fixture
def good(make_graph: Callable[..., bytes]) -> bytes:
    return make_graph([helper.make_node("Neg", ["x"], ["y"])], [FLOATS], [("y", TensorProto.FLOAT, ["n"])])


def message_of(folder: Path) -> str:
    with pytest.raises(ModelSpecError) as caught:
        load_repository(folder, threads=1)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    assert not [part for part in ("ONNXRuntimeError", "::", ".cc:", ".h:", "/onnxruntime") if part in text]
    return text


def test_every_version_of_every_model(tmp_path: Path, make_model: Make, good: bytes) -> None:
    make_model(tmp_path / "one", {"1": good, "2": good, "10": good})
    make_model(tmp_path / "two", {"1": good}, variant="canary")
    repository = load_repository(tmp_path, threads=1)
    assert repository.versions("one") == ("1", "2", "10")
    assert [(model.name, model.version, model.variant) for model in repository] == [
        ("one", "1", "default"),
        ("one", "2", "default"),
        ("one", "10", "default"),
        ("two", "1", "canary"),
    ]
    assert repository.find("one", "").version == "1"


@pytest.mark.parametrize(
    "broken", [b"", b"this is no graph" * 10, "half"], ids=["empty", "something else", "cut in the middle"]
)
def test_a_file_that_is_no_graph(tmp_path: Path, make_model: Make, good: bytes, broken: bytes | str) -> None:
    content = good[: len(good) // 2] if isinstance(broken, str) else broken
    make_model(tmp_path / "m", {"1": content})
    text = message_of(tmp_path)
    assert text.startswith(f"{tmp_path / 'm' / '1' / 'model.onnx'}: ONNX Runtime cannot load this graph: ")
    assert text.count(str(tmp_path)) == 1
    assert "export it again" in text


def test_an_operator_that_nobody_knows(tmp_path: Path, make_model: Make, make_graph: Callable[..., bytes]) -> None:
    node = helper.make_node("Oracle", ["x"], ["y"], domain="delphi")
    make_model(tmp_path / "m", {"1": make_graph([node], [FLOATS], [("y", TensorProto.FLOAT, ["n"])])})
    assert "No opset import for domain 'delphi'" in message_of(tmp_path)


def test_an_opset_from_the_future(tmp_path: Path, make_model: Make) -> None:
    graph = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info(*FLOATS)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 999)], ir_version=8)
    make_model(tmp_path / "m", {"1": model.SerializeToString()})
    message_of(tmp_path)


def test_an_output_that_is_no_tensor(tmp_path: Path, make_model: Make) -> None:
    graph = helper.make_graph(
        [helper.make_node("SequenceConstruct", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info(*FLOATS)],
        [helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    make_model(tmp_path / "m", {"1": model.SerializeToString()})
    text = message_of(tmp_path)
    assert "output 'y' is seq(tensor(float))" in text
    assert "export" in text


def test_a_folder_where_the_graph_should_be(tmp_path: Path, make_model: Make, good: bytes) -> None:
    make_model(tmp_path / "m", {"1": good})
    (tmp_path / "m" / "2" / "model.onnx").mkdir(parents=True)
    assert str(tmp_path / "m" / "2" / "model.onnx") in message_of(tmp_path)


def test_no_graph_of_the_default_version(tmp_path: Path, make_model: Make, good: bytes) -> None:
    make_model(tmp_path / "m", {"2": good})
    assert str(tmp_path / "m" / "1" / "model.onnx") in message_of(tmp_path)


def test_onnx_runtime_prints_nothing(
    tmp_path: Path, make_model: Make, make_graph: Callable[..., bytes], capfd: Any, caplog: Any
) -> None:
    """A graph with an initializer that nothing uses is one that ONNX Runtime likes to warn of."""
    unused = helper.make_tensor("unused", TensorProto.FLOAT, [1], [1.0])
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    make_model(tmp_path / "m", {"1": make_graph(nodes, [FLOATS], [("y", TensorProto.FLOAT, ["n"])], [unused])})
    (model,) = load_repository(tmp_path, threads=1)
    with caplog.at_level(logging.DEBUG):
        assert model.warm_up()
    assert capfd.readouterr() == ("", "")


def test_warm_up(models_dir: Path) -> None:
    taken = {model.name: model.warm_up() for model in load_repository(models_dir, threads=1)}
    assert taken["add"]
    assert taken["echo-bytes"]
    assert taken["endless"]
    assert not taken["sevens"]
    assert not taken["divide"]


def test_a_model_is_run_by_many_threads_at_once(models_dir: Path) -> None:
    (model,) = [model for model in load_repository(models_dir, threads=2) if model.name == "fixed"]
    xs = [np.full((2, 3), number, np.float32) for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda x: model.run({"x": x}, ["y"])[0], xs))
    np.testing.assert_array_equal(found, np.negative(xs))


def test_threads() -> None:
    assert cores(3) == 3
    assert cores(0) == len(os.sched_getaffinity(0))
