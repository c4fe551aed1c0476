"""A model.yaml that does not fit its graph is found out at start."""

import json
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper, save

from hallmark_common.model_spec import ModelSpecError
from hallmark_inference.repository import load_repository

CLASSES = {"kind": "classes", "labels": ["a", "b"]}
IMAGE = {"kind": "image", "width": 4, "height": 4, "color": "grey"}
COLUMNS = [
    {"name": "x", "dtype": "number"},
    {"name": "c", "dtype": "category", "categories": ["p", "q"], "encode": "one_hot"},
]


def write(models: Path, given: Any, output: Any, shape: list[int | str], element: int = TensorProto.FLOAT) -> None:
    """A model `m` with a declaration, over the identity graph x → y of one tensor."""
    x = helper.make_tensor_value_info("x", element, shape)
    y = helper.make_tensor_value_info("y", element, shape)
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    (models / "m" / "1").mkdir(parents=True)
    save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        models / "m" / "1" / "model.onnx",
    )
    (models / "m" / "model.yaml").write_text(json.dumps({"name": "m", "input": given, "output": output}))


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        (IMAGE, ["n", 1, 4, 4]),
        ({**IMAGE, "tensor": "x"}, ["n", "c", "h", "w"]),
        ({**IMAGE, "layout": "NHWC"}, ["n", 4, 4, 1]),
        ({"kind": "table", "columns": COLUMNS}, ["n", 3]),
        ({"kind": "tensor", "tensors": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]}, ["n", 3]),
    ],
)
def test_what_fits_is_loaded(tmp_path: Path, given: Any, shape: list[int | str]) -> None:
    write(tmp_path, given, CLASSES, shape)
    assert [model.name for model in load_repository(tmp_path, 1)] == ["m"]


@pytest.mark.parametrize(
    ("given", "output", "shape", "said"),
    [
        (IMAGE, CLASSES, ["n", 3, 4, 4], "input: x is declared [-1, 1, 4, 4], the graph takes [-1, 3, 4, 4]"),
        (IMAGE, CLASSES, ["n", 16], "input: x is declared [-1, 1, 4, 4], the graph takes [-1, 16]"),
        ({**IMAGE, "dtype": "uint8"}, CLASSES, ["n", 1, 4, 4], "input: x is declared UINT8, the graph takes FP32"),
        ({**IMAGE, "tensor": "i"}, CLASSES, ["n", 1, 4, 4], "input: 'i' is no input of the graph, which has x"),
        (IMAGE, {**CLASSES, "tensor": "o"}, ["n", 1, 4, 4], "output: 'o' is no output of the graph, which has y"),
        ({"kind": "table", "columns": COLUMNS}, CLASSES, ["n", 2], "declared [-1, 3], the graph takes [-1, 2]"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path: Path, given: Any, output: Any, shape: Any, said: str) -> None:
    write(tmp_path, given, output, shape)
    with pytest.raises(ModelSpecError) as caught:
        load_repository(tmp_path, 1)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "m" / "model.yaml"))
    assert said in message
    assert "(1/model.onnx)" in message
    assert "\n" not in message


def test_an_input_that_nothing_feeds_is_named(tmp_path: Path) -> None:
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in ("a", "b", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["y"])], "g", infos[:2], infos[2:])
    (tmp_path / "m" / "1").mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, tmp_path / "m" / "1" / "model.onnx")
    tensor = {"name": "a", "datatype": "FP32", "shape": [-1, 1]}
    document = {"name": "m", "input": {"kind": "tensor", "tensors": [tensor]}, "output": {"kind": "raw"}}
    (tmp_path / "m" / "model.yaml").write_text(json.dumps(document))
    with pytest.raises(ModelSpecError, match="input: nothing feeds b of the graph"):
        load_repository(tmp_path, 1)
