"""Small ONNX models."""

import json
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

Value = tuple[str, int, Sequence[int | str] | None] | onnx.ValueInfoProto
"""An input or output: name, element type, axes (None: of any rank), or something else than a tensor as ONNX has it."""


def make_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    constants: Sequence[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    """A model of opset 17, not checked."""
    graph = helper.make_graph(
        list(nodes), "graph", [_described(v) for v in inputs], [_described(v) for v in outputs], list(constants)
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _described(value: Value) -> onnx.ValueInfoProto:
    return value if isinstance(value, onnx.ValueInfoProto) else helper.make_tensor_value_info(*value)


def write_scale(models_dir: Path) -> Path:
    """A model to be served, ``scale``: y = 2 x for rows of one number a of at most 100; its file."""
    column: list[Value] = [("x", TensorProto.FLOAT, ["n", 1])]
    doubled: list[Value] = [("y", TensorProto.FLOAT, ["n", 1])]
    two = helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])
    file = models_dir / "scale/1/model.onnx"
    file.parent.mkdir(parents=True)
    onnx.save(make_model([helper.make_node("Mul", ["x", "two"], ["y"])], column, doubled, [two]), file)
    declaration = {
        "name": "scale",
        "input": {"kind": "table", "columns": [{"name": "a", "dtype": "number", "maximum": 100}]},
        "output": {"kind": "number", "unit": "km"},
        "sample": "sample.jsonl.gz",
    }
    (models_dir / "scale/model.yaml").write_text(json.dumps(declaration))
    return file
