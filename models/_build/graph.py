"""Graphs written node by node, so that the same weights always give the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def write_graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, np.ndarray],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
) -> None:
    """Check a graph of float32 inputs and outputs, name to shape, and write it.

    Of ``weights``, by name, floats are kept as float32 and integers as they are.
    """
    graph = helper.make_graph(
        list(nodes),
        path.parent.parent.name,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(_constant(weight), name) for name, weight in weights.items()],
    )
    model = helper.make_model(
        graph, producer_name="hallmark", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _constant(weight: np.ndarray) -> np.ndarray:
    # Not ascontiguousarray, which makes a vector of a scalar.
    return np.array(weight, dtype=np.float32 if weight.dtype.kind == "f" else weight.dtype, order="C")


def run_graph(path: Path, batch: np.ndarray) -> np.ndarray:
    """The only output of a written graph for its only input, as ONNX Runtime computes it."""
    # Imported late: it starts threads, and training wants to choose its core before.
    import onnxruntime  # noqa: PLC0415

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {session.get_inputs()[0].name: batch})
    return np.asarray(output)
