"""`hallmark models add` with graphs made for each case."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from hallmark_cli.errors import CliError
from hallmark_cli.main import run
from hallmark_cli.models.add import KEPT, Added, add_model
from hallmark_common.model_spec import parse_model_spec
from hallmark_common.settings import Settings

Save = Callable[..., Path]


def value(name: str, element: int = TensorProto.FLOAT, axes: Any = ("n", 3)) -> Any:
    return helper.make_tensor_value_info(name, element, axes)


@pytest.fixture
def relu(tmp_path: Path, save_graph: Save) -> Path:
    return save_graph(tmp_path / "My Relu.onnx", [helper.make_node("Relu", ["x"], ["y"])], [value("x")], [value("y")])


@pytest.fixture
def with_weights(tmp_path: Path, save_graph: Save) -> Path:
    """A graph that keeps its weights in weights/w.bin beside itself."""
    weights = numpy_helper.from_array(np.arange(3000, dtype=np.float32).reshape(3, 1000), "w")
    path = save_graph(
        tmp_path / "source/big.onnx",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x")],
        [value("y", axes=("n", 1000))],
        [weights],
    )
    (path.parent / "weights").mkdir()
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights/w.bin", size_threshold=0)
    return path


def add(path: Path, models: Path, **options: Any) -> Added:
    return add_model(
        path, options.pop("name", None), options.pop("version", "1"), models, **{"force": False, **options}
    )


def relocate(graph: Path, location: str) -> None:
    """Change where a graph says that its weights are."""
    model = onnx.load(graph, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    graph.write_bytes(model.SerializeToString())


def test_a_graph_is_copied_and_described(relu: Path, tmp_path: Path) -> None:
    added = add(relu, tmp_path / "models")
    assert added.name == "my-relu"
    assert added.batched
    assert added.example == {"instances": [{"x": [0.0, 0.0, 0.0]}]}
    folder = tmp_path / "models/my-relu"
    assert (folder / "1/model.onnx").read_bytes() == relu.read_bytes()
    assert parse_model_spec(folder / "model.yaml").example == added.example
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["my-relu"]


def test_a_graph_whose_rows_depend_on_each_other_is_not_batched(tmp_path: Path, save_graph: Save) -> None:
    centred = [helper.make_node("ReduceMean", ["x"], ["m"], axes=[0]), helper.make_node("Sub", ["x", "m"], ["y"])]
    path = save_graph(tmp_path / "centre.onnx", centred, [value("x")], [value("y")])
    assert not add(path, tmp_path / "models").batched


def test_a_graph_that_only_claims_a_free_axis_is_not_batched(tmp_path: Path, save_graph: Save) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, 3])
    path = save_graph(
        tmp_path / "fixed.onnx",
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        [value("x")],
        [value("y")],
        [shape],
    )
    added = add(path, tmp_path / "models")
    assert not added.batched
    assert added.example == {"instances": [{"x": [[0.0, 0.0, 0.0]]}]}


def test_external_weights_come_along(with_weights: Path, tmp_path: Path) -> None:
    add(with_weights, tmp_path / "models")
    shutil.rmtree(with_weights.parent)
    session = onnxruntime.InferenceSession(tmp_path / "models/big/1/model.onnx", providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((1, 3), np.float32)})
    assert result[0, 1] == 1 + 1001 + 2001


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/passwd", "weights/../../outside.bin"])
def test_weights_outside_of_the_folder_are_refused(with_weights: Path, tmp_path: Path, location: str) -> None:
    (tmp_path / "outside.bin").write_bytes(bytes(12000))
    relocate(with_weights, location)
    with pytest.raises(CliError, match="outside of its folder"):
        add(with_weights, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_link_out_of_the_folder_is_refused(with_weights: Path, tmp_path: Path) -> None:
    weights = with_weights.parent / "weights/w.bin"
    weights.rename(tmp_path / "outside.bin")
    weights.symlink_to(tmp_path / "outside.bin")
    with pytest.raises(CliError, match="outside of its folder"):
        add(with_weights, tmp_path / "models")


def test_missing_weights_and_weights_named_as_the_graph_are_refused(with_weights: Path, tmp_path: Path) -> None:
    (with_weights.parent / "weights/w.bin").rename(with_weights.parent / "model.onnx")
    with pytest.raises(CliError, match=r"'weights/w\.bin', which is not there"):
        add(with_weights, tmp_path / "models")
    relocate(with_weights, "model.onnx")
    with pytest.raises(CliError, match="the name that the graph itself gets"):
        add(with_weights, tmp_path / "models")


def test_weights_of_a_branch_are_found_too(with_weights: Path, tmp_path: Path, save_graph: Save) -> None:
    inner = onnx.load(with_weights, load_external_data=False).graph
    constant = helper.make_node("Constant", [], ["c"], value=inner.initializer[0])
    branch = helper.make_graph([constant], "branch", [], [value("c", axes=(3, 1000))])
    path = save_graph(
        with_weights.parent / "if.onnx",
        [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)],
        [value("x", TensorProto.BOOL, ())],
        [value("y", axes=(3, 1000))],
    )
    add(path, tmp_path / "models")
    assert (tmp_path / "models/if/1/weights/w.bin").exists()


def test_an_existing_model_is_kept_unless_forced(relu: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    add(relu, models)
    (models / "my-relu/model.yaml").write_text("edited by hand")
    with pytest.raises(CliError, match="there is such a model; choose another --name, or replace it with --force"):
        add(relu, models)
    add(relu, models, version="2", force=True)
    folder = models / "my-relu"
    assert (folder / KEPT).read_text() == "edited by hand"
    assert parse_model_spec(folder / "model.yaml").default_version == "2"
    assert (folder / "1/model.onnx").exists()
    assert (folder / "2/model.onnx").exists()


@pytest.mark.parametrize(
    ("role", "kind"), [("output 'y' is seq(tensor(float))", "SequenceConstruct"), ("input 'x' is tensor(", "Cast")]
)
def test_what_is_no_plain_tensor_is_refused_by_name_and_type(
    tmp_path: Path, save_graph: Save, role: str, kind: str
) -> None:
    if kind == "Cast":
        node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
        graph = save_graph(tmp_path / "m.onnx", [node], [value("x", TensorProto.BFLOAT16)], [value("y")])
    else:
        sequence = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
        graph = save_graph(tmp_path / "m.onnx", [helper.make_node(kind, ["x"], ["y"])], [value("x")], [sequence])
    with pytest.raises(CliError, match=re.escape(role)):
        add(graph, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x89PNG\r\n\x1a\n", bytes(range(256))])
def test_what_is_no_graph_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(CliError, match=r"m\.onnx: (is not an ONNX file|ONNX Runtime cannot load this graph)"):
        add(path, tmp_path / "models")


def test_names_and_paths_that_cannot_be_are_said(relu: Path, tmp_path: Path) -> None:
    unnameable = relu.rename(tmp_path / "….onnx")
    for path, name, problem in (
        (tmp_path / "none.onnx", None, "no such file"),
        (tmp_path, None, "is a folder"),
        (unnameable, "Not Valid", "--name 'Not Valid': use lower-case"),
        (unnameable, None, "choose one with --name"),
    ):
        with pytest.raises(CliError, match=problem):
            add(path, tmp_path / "models", name=name)


def test_as_a_command_it_prints_what_to_do_next_or_json(
    relu: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "add", str(relu)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"added my-relu version 1 in {settings.models_dir}/my-relu\n")
    assert f":{settings.web_http_port}/v1/models/my-relu:predict" in out
    assert run(["models", "add", str(relu)]) == 1
    assert "--force" in capsys.readouterr().err
    assert run(["models", "add", str(relu), "--name", "other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
    assert run(["models", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    assert [model["name"] for model in listed] == ["my-relu", "other", "scale"]


@pytest.mark.parametrize("version", ["../up", "", "a b"])
def test_a_version_that_is_no_folder_name_is_refused(
    relu: Path, settings: Settings, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "add", str(relu), "--version", version]) == 1
    assert capsys.readouterr().err.startswith(f"hallmark: --version {version!r}: use letters")
    assert sorted(path.name for path in settings.models_dir.iterdir()) == ["scale"]
