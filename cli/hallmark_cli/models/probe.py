"""A graph tried out with ONNX Runtime: what it takes, whether axis 0 counts instances, an input it answers to."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from hallmark_cli.errors import CliError
from hallmark_cli.models.signature import GraphTensor, Signature, may_be_batched
from hallmark_inference.datatypes import KINDS, Array
from hallmark_inference.graph import NotATensorError, describe
from hallmark_inference.ort_errors import reason_of

FATAL = 4
"""Severity at which ONNX Runtime prints nothing; what it has to say arrives as an exception."""

EXTENTS = (1, 16, 64, 256, 1024)
"""Tried in turn for axes that may have any extent: audio and text models refuse what is too short."""

ROWS = 3
MAX_TRIED = 2**24
"""Elements; larger inputs are not tried."""

RELATIVE, ABSOLUTE = 1e-3, 1e-5
"""How near a row alone must be to the same row among others: kernels sum in another order for another extent."""


def open_session(graph: Path, shown: str) -> onnxruntime.InferenceSession:
    """Load a graph; :class:`CliError`, which calls it ``shown``, if ONNX Runtime does not."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    onnxruntime.set_default_logger_severity(FATAL)
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        reason = reason_of(error) or "it says no more than that"
        raise CliError(f"{shown}: ONNX Runtime cannot load this graph: {reason}") from None


def signature_of(session: onnxruntime.InferenceSession, shown: str) -> Signature:
    """Inputs and outputs; :class:`CliError` for one that is not a tensor of a type that can be served."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    try:
        described = describe(inputs, outputs)
    except NotATensorError as error:
        raise CliError(f"{shown}: {error}; only tensors of numbers, truth values and text can be served") from None
    datatypes = {name: info.kind.datatype for name, info in (*described.inputs.items(), *described.outputs.items())}
    return Signature(_tensors(inputs, datatypes), _tensors(outputs, datatypes))


def _tensors(nodes: Iterable[Any], datatypes: Mapping[str, str]) -> tuple[GraphTensor, ...]:
    return tuple(GraphTensor(node.name, datatypes[node.name], tuple(node.shape)) for node in nodes)


def working_extent(session: onnxruntime.InferenceSession, signature: Signature) -> int | None:
    """The smallest of EXTENTS with which the graph answers to zeros; None if it does with none."""
    for extent in EXTENTS:
        feeds = {tensor.name: zeros(tensor, tensor.sized(None, extent)) for tensor in signature.inputs}
        if _size(feeds) <= MAX_TRIED and _run(session, feeds) is not None:
            return extent
    return None


def is_batched(session: onnxruntime.InferenceSession, signature: Signature, extent: int, seed: int) -> bool:
    """Whether axis 0 counts instances: shapes allow it, and each row's answer is the same alone and among others."""
    if not may_be_batched(signature):
        return False
    rng = np.random.default_rng(seed)
    rows = {tensor.name: _values(tensor, tensor.sized(ROWS, extent), rng) for tensor in signature.inputs}
    together = _run(session, rows) if _size(rows) <= MAX_TRIED else None
    if together is None or any(output.shape[:1] != (ROWS,) for output in together):
        return False
    for index in range(ROWS):
        alone = _run(session, {name: values[index : index + 1] for name, values in rows.items()})
        if alone is None or not all(_near(a[index : index + 1], b) for a, b in zip(together, alone, strict=True)):
            return False
    return True


def zeros(tensor: GraphTensor, shape: tuple[int, ...]) -> Array:
    """Zeros, or empty texts, of a tensor's datatype."""
    if tensor.datatype == "BYTES":
        return np.full(shape, "", dtype=object)
    return np.zeros(shape, KINDS[tensor.datatype].dtype)


def _values(tensor: GraphTensor, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Values that differ from row to row and are valid for most graphs: integers may be indices, so 0 and 1 only."""
    bits = rng.integers(0, 2, shape)
    if tensor.datatype == "BYTES":
        return np.where(bits, "a", "b").astype(object)
    dtype = KINDS[tensor.datatype].dtype
    return rng.standard_normal(shape).astype(dtype) if dtype.kind == "f" else bits.astype(dtype)


def _run(session: onnxruntime.InferenceSession, feeds: dict[str, Array]) -> list[Any] | None:
    try:
        return list(session.run(None, feeds))
    except Exception:  # values or extents that mean nothing to this graph; ONNX Runtime's exceptions have no base
        return None


def _near(one: Array, other: Array) -> bool:
    if one.shape != other.shape or one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    return bool(np.allclose(one, other, RELATIVE, ABSOLUTE, equal_nan=True))


def _size(feeds: dict[str, Array]) -> int:
    return sum(values.size for values in feeds.values())
