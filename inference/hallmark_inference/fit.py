"""Whether a graph is the one that its ``model.yaml`` speaks of: found out at start, not by the first caller."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hallmark_common.declared import DeclaredTensor, declared_inputs, declared_outputs
from hallmark_common.model_spec import MODEL_FILE, ModelSpec, ModelSpecError
from hallmark_inference.graph import Graph, TensorInfo


def check_fit(spec: ModelSpec, graph: Graph, path: Path) -> None:
    """:class:`ModelSpecError` that names ``model.yaml``, the tensor and what the graph at ``path`` has instead."""
    try:
        _check(spec, graph)
    except _MisfitError as misfit:
        declaration = path.parent.parent / MODEL_FILE
        raise ModelSpecError(f"{declaration}: {misfit} ({path.parent.name}/{path.name}); make the two agree") from None


class _MisfitError(Exception):
    pass


def _check(spec: ModelSpec, graph: Graph) -> None:
    fed = [_matching(tensor, graph.inputs, "input") for tensor in declared_inputs(spec)]
    for tensor in declared_outputs(spec):
        _matching(tensor, graph.outputs, "output")
    unfed = [name for name in graph.inputs if name not in fed]
    if unfed:
        raise _MisfitError(f"input: nothing feeds {_names(unfed)} of the graph")


def _matching(tensor: DeclaredTensor, there: Mapping[str, TensorInfo], role: str) -> str:
    """Name of the tensor of the graph that is meant."""
    if tensor.name is None and len(there) != 1:
        raise _MisfitError(f"{role}.tensor: name one of the graph's {role}s: {_names(list(there))}")
    name = next(iter(there)) if tensor.name is None else tensor.name
    if name not in there:
        raise _MisfitError(f"{role}: {name!r} is no {role} of the graph, which has {_names(list(there))}")
    found = there[name]
    if tensor.datatype is not None and tensor.datatype != found.kind.datatype:
        raise _MisfitError(f"{role}: {name} is declared {tensor.datatype}, the graph takes {found.kind.datatype}")
    if tensor.shape is not None and not _agree(tensor.shape, found.shape):
        raise _MisfitError(f"{role}: {name} is declared {list(tensor.shape)}, the graph takes {list(found.shape)}")
    return name


def _agree(declared: Sequence[int], there: Sequence[int]) -> bool:
    # ONNX Runtime tells a graph's unknown rank like that of a scalar.
    if not there:
        return True
    return len(declared) == len(there) and all(a < 0 or b < 0 or a == b for a, b in zip(declared, there, strict=True))


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
