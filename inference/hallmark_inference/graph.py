"""What a graph takes and gives, in the terms of the Open Inference Protocol."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hallmark_inference.datatypes import BY_ELEMENT, Kind

_TENSOR = re.compile(r"tensor\((\w+)\)")


class NotATensorError(Exception):
    """An input or output that the protocol cannot carry; the message says which and what it is."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One input or output: extents are -1 where any will do.

    ONNX Runtime tells no difference between a scalar and a tensor of unknown rank, so ``shape`` is ``()`` for both,
    and any rank is taken for it.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Inputs and outputs by name, in the order of the graph."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


def describe(inputs: Iterable[Any], outputs: Iterable[Any]) -> Graph:
    """The graph of a session from its ``NodeArg`` lists; :class:`NotATensorError` for a sequence or a map."""
    return Graph(
        {node.name: _info(node, "input") for node in inputs}, {node.name: _info(node, "output") for node in outputs}
    )


def _info(node: Any, role: str) -> TensorInfo:
    match = _TENSOR.fullmatch(node.type)
    kind = BY_ELEMENT.get(match[1]) if match else None
    if kind is None:
        raise NotATensorError(f"{role} {node.name!r} is {node.type}")
    return TensorInfo(node.name, kind, tuple(_extent(axis) for axis in node.shape))


def _extent(axis: int | str | None) -> int:
    return axis if isinstance(axis, int) and axis >= 0 else -1
