"""What a graph takes and gives, with the names of its axes, and what follows from them."""

from dataclasses import dataclass

Axis = int | str | None
"""An extent, or the name of an axis that may have any, or None for such an axis without a name."""


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """One input or output; ``datatype`` as in the Open Inference Protocol."""

    name: str
    datatype: str
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents, -1 where any will do; some exporters write 0 for that."""
        return tuple(axis if isinstance(axis, int) and axis > 0 else -1 for axis in self.axes)

    def sized(self, first: int | None, rest: int) -> tuple[int, ...]:
        """A shape to try: ``first`` on axis 0 unless None, ``rest`` on every other axis that may have any extent."""
        shape = tuple(rest if extent < 0 else extent for extent in self.shape)
        return shape if first is None else (first, *shape[1:])


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs in the order of the graph."""

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]


def may_be_batched(signature: Signature) -> bool:
    """Whether axis 0 can be a count of instances, going by shapes alone.

    It has any extent in every input and output, it is the same axis in all inputs, and no other axis goes with it.
    """
    tensors = (*signature.inputs, *signature.outputs)
    if not signature.inputs or any(not tensor.axes or tensor.shape[0] >= 0 for tensor in tensors):
        return False
    first = {tensor.axes[0] for tensor in signature.inputs}
    others = {axis for tensor in tensors for axis in tensor.axes[1:] if isinstance(axis, str)}
    return len(first) == 1 and not first & others
