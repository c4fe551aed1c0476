"""Lean: OTLP spans with their attributes left as bytes.

On the wire a nested message and a string of bytes are the same, so a message type that declares the attributes of a
span as ``repeated bytes`` reads what ExportTraceServiceRequest writes. Most attributes of a batch are equal to others
of it; as bytes they can be told apart without being read, and each is read once. That takes two thirds of the time.

Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.
"""

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "hallmark.lean"
_Type = FieldDescriptorProto
_SPAN = {
    "trace_id": (1, _Type.TYPE_BYTES),
    "span_id": (2, _Type.TYPE_BYTES),
    "parent_span_id": (4, _Type.TYPE_BYTES),
    "name": (5, _Type.TYPE_STRING),
    "kind": (6, _Type.TYPE_INT32),
    "start_time_unix_nano": (7, _Type.TYPE_FIXED64),
    "end_time_unix_nano": (8, _Type.TYPE_FIXED64),
}


def _message(name: str, *fields: FieldDescriptorProto) -> DescriptorProto:
    return DescriptorProto(name=name, field=fields)


def _one(name: str, number: int, type_: FieldDescriptorProto.Type.ValueType) -> FieldDescriptorProto:
    return FieldDescriptorProto(name=name, number=number, type=type_, label=_Type.LABEL_OPTIONAL)


def _many(name: str, number: int, of: str = "") -> FieldDescriptorProto:
    """A repeated field of messages, or of bytes."""
    if not of:
        return FieldDescriptorProto(name=name, number=number, type=_Type.TYPE_BYTES, label=_Type.LABEL_REPEATED)
    return FieldDescriptorProto(
        name=name, number=number, type=_Type.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{of}", label=_Type.LABEL_REPEATED
    )


def _batch_type() -> type[Message]:
    resource = _one("resource", 1, _Type.TYPE_MESSAGE)
    resource.type_name = f".{_PACKAGE}.Resource"
    file = FileDescriptorProto(
        name="hallmark/lean.proto",
        package=_PACKAGE,
        syntax="proto3",
        message_type=[
            _message("Batch", _many("resource_spans", 1, "ResourceSpans")),
            _message("ResourceSpans", resource, _many("scope_spans", 2, "ScopeSpans")),
            _message("Resource", _many("attributes", 1)),
            _message("ScopeSpans", _many("spans", 2, "Span")),
            _message("Span", *(_one(name, *how) for name, how in _SPAN.items()), _many("attributes", 9)),
        ],
    )
    pool = DescriptorPool()  # of its own: nothing else is to see these types
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Batch"))


LeanBatch = _batch_type()
"""What an ExportTraceServiceRequest is read as."""
