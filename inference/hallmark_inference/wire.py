"""The service under the name that stock clients call: ``inference.GRPCInferenceService``.

Clients of Triton, KServe and MLServer all register the protobuf package ``inference`` in the default descriptor pool,
and a process in which that happens twice ends. Our stubs are in a package of their own, with the same field numbers;
only method paths and reflection, which has a descriptor pool to itself, speak of ``inference``.
"""

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from hallmark.oip.v2 import open_inference_pb2

WIRE_PACKAGE = "inference"
WIRE_FILE = "inference/open_inference.proto"
WIRE_SERVICE = "inference.GRPCInferenceService"

_SERVICE = open_inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]


def add_to_server(servicer: object, server: grpc.aio.Server) -> None:
    """Register every method of the service, which ``servicer`` has under the same name, under its wire name."""
    handlers: dict[str, Any] = {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, method.name),
            GetMessageClass(method.input_type).FromString,
            GetMessageClass(method.output_type).SerializeToString,
        )
        for method in _SERVICE.methods
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(WIRE_SERVICE, handlers),))
    server.add_registered_method_handlers(WIRE_SERVICE, handlers)


def reflection_pool() -> DescriptorPool:
    """What reflection shows: the protocol under its wire name, health and reflection itself."""
    pool = DescriptorPool()
    for file in (health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        pool.AddSerializedFile(file.serialized_pb)
    pool.AddSerializedFile(_renamed(open_inference_pb2.DESCRIPTOR).SerializeToString())
    return pool


def _renamed(file: FileDescriptor) -> FileDescriptorProto:
    """A copy of a file in WIRE_PACKAGE."""
    proto = FileDescriptorProto.FromString(file.serialized_pb)
    before, after = f".{proto.package}.", f".{WIRE_PACKAGE}."
    proto.name, proto.package = WIRE_FILE, WIRE_PACKAGE
    for message in _all_messages(proto.message_type):
        for field in filter(_is_typed, message.field):
            field.type_name = field.type_name.replace(before, after, 1)
    for service in proto.service:
        for method in service.method:
            method.input_type = method.input_type.replace(before, after, 1)
            method.output_type = method.output_type.replace(before, after, 1)
    return proto


def _is_typed(field: FieldDescriptorProto) -> bool:
    return field.HasField("type_name")


def _all_messages(messages: Iterable[DescriptorProto]) -> Iterable[DescriptorProto]:
    for message in messages:
        yield message
        yield from _all_messages(message.nested_type)
