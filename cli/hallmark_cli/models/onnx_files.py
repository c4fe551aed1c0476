"""The files that an ONNX graph is made of: it may keep its weights beside itself (external data).

Read with the few fields of onnx.proto3 that matter here (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3),
so that adding a model needs ONNX Runtime but not the onnx package.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from hallmark_cli.errors import CliError
from hallmark_common.model_spec import GRAPH_FILE

EXTERNAL = 1
"""TensorProto.DataLocation.EXTERNAL."""

_FIELDS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Model": (("graph", 7, "Graph"), ("training_info", 20, "Training"), ("functions", 25, "Function")),
    "Training": (("initialization", 1, "Graph"), ("algorithm", 2, "Graph")),
    "Function": (("node", 7, "Node"),),
    "Graph": (("node", 1, "Node"), ("initializer", 5, "Tensor"), ("sparse_initializer", 15, "Sparse")),
    "Node": (("attribute", 5, "Attribute"),),
    "Attribute": (
        ("t", 5, "Tensor"),
        ("g", 6, "Graph"),
        ("tensors", 10, "Tensor"),
        ("graphs", 11, "Graph"),
        ("sparse_tensor", 22, "Sparse"),
        ("sparse_tensors", 23, "Sparse"),
    ),
    "Sparse": (("values", 1, "Tensor"), ("indices", 2, "Tensor")),
    "Tensor": (("external_data", 13, "Entry"), ("data_location", 14, "")),
    "Entry": (("key", 1, ""), ("value", 2, "")),
}
"""Message, field, number, type of the field's message; single messages are read as lists too."""

_REPEATED = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
_OPTIONAL = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_SCALARS = {
    "data_location": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "key": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "value": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}


def external_files(graph: Path) -> tuple[str, ...]:
    """Paths of a graph's external data, relative to its folder, each once and sorted.

    :class:`CliError` where the file is no ONNX graph, or names a file that is missing or outside of its folder.
    """
    try:
        model = _model_class().FromString(graph.read_bytes())
    except DecodeError:
        raise CliError(f"{graph}: is not an ONNX file") from None
    locations = {_location(tensor) for tensor in _tensors(model) if tensor.data_location == EXTERNAL}
    for location in sorted(locations):
        _check(graph, location)
    return tuple(sorted(locations))


def _check(graph: Path, location: str) -> None:
    folder, path = graph.parent.resolve(), Path(location)
    if path.is_absolute() or not (folder / path).resolve().is_relative_to(folder):
        raise CliError(f"{graph}: keeps weights in {location!r}, outside of its folder; save them beside the graph")
    if not location or not (folder / path).is_file():
        raise CliError(f"{graph}: keeps weights in {location!r}, which is not there; put that file beside the graph")
    if path == Path(GRAPH_FILE):
        raise CliError(f"{graph}: keeps weights in {location!r}, the name that the graph itself gets; save them anew")


def _tensors(message: Any) -> Iterator[Any]:
    """Every Tensor below a message. Not recursive: graphs nest as deep as they like."""
    pending = [message]
    while pending:
        current = pending.pop()
        if current.DESCRIPTOR.name == "Tensor":
            yield current
            continue
        for name, _, type_ in _FIELDS[current.DESCRIPTOR.name]:
            if type_:
                pending.extend(getattr(current, name))


def _location(tensor: Any) -> str:
    found = {entry.key: entry.value for entry in tensor.external_data}
    return str(found.get(b"location", b"").decode("utf-8", "replace"))


def _model_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="onnx_files.proto", package="hallmark.onnx", syntax="proto2")
    for message, fields in _FIELDS.items():
        declared = file.message_type.add(name=message)
        for name, number, type_ in fields:
            field = declared.field.add(name=name, number=number, label=_REPEATED if type_ else _OPTIONAL)
            field.type = _MESSAGE if type_ else _SCALARS[name]
            if type_:
                field.type_name = f".hallmark.onnx.{type_}"
    # A pool of its own: this process may also load the onnx package.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("hallmark.onnx.Model"))
