"""From trained weights to the ONNX graph: channels first, as ONNX wants them."""

from pathlib import Path

import numpy as np
from network import CLASSES, KERNELS, Network
from onnx import NodeProto, helper

from _build.graph import write_graph


def export(network: Network, path: Path) -> None:
    """Write the graph: ``image``, float32 [N, 1, 28, 28] in 0 to 1, to ``logits``, float32 [N, 10]."""
    write_graph(path, _nodes(), _weights(network), {"image": ["N", 1, 28, 28]}, {"logits": ["N", CLASSES]})


def _nodes() -> list[NodeProto]:
    nodes, x = [], "image"
    for index, size in enumerate(KERNELS):
        names = [x, f"conv{index}.weight", f"conv{index}.bias"]
        nodes.append(helper.make_node("Conv", names, [f"conv{index}"], pads=[size // 2] * 4, kernel_shape=[size, size]))
        nodes.append(helper.make_node("Relu", [f"conv{index}"], [f"relu{index}"]))
        x = f"relu{index}"
        if index < 2:
            nodes.append(helper.make_node("MaxPool", [x], [f"pool{index}"], kernel_shape=[2, 2], strides=[2, 2]))
            x = f"pool{index}"
    return [
        *nodes,
        helper.make_node("Flatten", [x], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "hidden.weight", "hidden.bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "logits.weight", "logits.bias"], ["logits"]),
    ]


def _weights(network: Network) -> dict[str, np.ndarray]:
    weights = {}
    for index, layer in enumerate(network.convolutions):
        weights[f"conv{index}.weight"] = np.asarray(layer.weight).transpose(3, 2, 0, 1)
        weights[f"conv{index}.bias"] = np.asarray(layer.bias)
    dense = np.asarray(network.hidden.weight)
    # Rows are in the order height, width, channel; a flattened NCHW tensor counts channels first.
    by_channel = dense.reshape(7, 7, -1, dense.shape[1]).transpose(2, 0, 1, 3).reshape(dense.shape)
    return weights | {
        "hidden.weight": by_channel,
        "hidden.bias": np.asarray(network.hidden.bias),
        "logits.weight": np.asarray(network.logits.weight),
        "logits.bias": np.asarray(network.logits.bias),
    }
