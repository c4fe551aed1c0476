"""The classifier: a few small multi-layer perceptrons whose log-odds are averaged."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto, helper
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from _build.graph import write_graph
from _build.progress import say

MEMBERS = 8
LAYERS = (48, 24)
EPOCHS = 5
WEIGHT_DECAY = 1e-2
BATCH = 256
LIMIT = 6.0
"""Features, which are standardised, are cut off here: weather beyond all that was trained on changes nothing more."""


def fit(features: np.ndarray, late: np.ndarray) -> list[MLPClassifier]:
    """Members that differ in their seed; ``features`` is float32 [N, F], ``late`` bool [N]."""
    clipped = np.clip(features, -LIMIT, LIMIT)
    # One thread, so that sums always come in the same order.
    with threadpool_limits(1):
        return [_member(clipped, late, seed) for seed in range(MEMBERS)]


def _member(features: np.ndarray, late: np.ndarray, seed: int) -> MLPClassifier:
    member = MLPClassifier(LAYERS, alpha=WEIGHT_DECAY, batch_size=BATCH, max_iter=EPOCHS, random_state=seed)
    with warnings.catch_warnings():
        # A fixed number of epochs is what is wanted, not convergence on the training flights.
        warnings.simplefilter("ignore", ConvergenceWarning)
        member.fit(features, late)
    say(f"member {seed + 1} of {MEMBERS}: loss {member.loss_:.4f}")
    return member


def export(members: Sequence[MLPClassifier], path: Path) -> None:
    """Write the graph: ``features``, float32 [N, F], to ``probability``, float32 [N, 1]."""
    width = members[0].n_features_in_
    weights = {"lowest": np.array(-LIMIT), "highest": np.array(LIMIT)}
    nodes = [helper.make_node("Clip", ["features", "lowest", "highest"], ["clipped"])]
    for index, member in enumerate(members):
        nodes += _layers(f"member{index}", len(member.coefs_))
        for layer, (weight, bias) in enumerate(zip(member.coefs_, member.intercepts_, strict=True)):
            weights |= {f"member{index}.{layer}.weight": weight, f"member{index}.{layer}.bias": bias}
    odds = [f"member{index}.{len(members[0].coefs_) - 1}" for index in range(len(members))]
    nodes.append(helper.make_node("Mean", odds, ["log_odds"]))
    nodes.append(helper.make_node("Sigmoid", ["log_odds"], ["probability"]))
    write_graph(path, nodes, weights, {"features": ["N", width]}, {"probability": ["N", 1]})


def _layers(member: str, count: int) -> list[NodeProto]:
    nodes, x = [], "clipped"
    for layer in range(count):
        name = f"{member}.{layer}"
        nodes.append(helper.make_node("Gemm", [x, f"{name}.weight", f"{name}.bias"], [name]))
        x = name
        if layer < count - 1:
            x = f"{name}.active"
            nodes.append(helper.make_node("Relu", [name], [x]))
    return nodes
