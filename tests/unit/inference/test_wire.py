"""What a client that knows nothing but an address learns by reflection: grpcurl's way."""

from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from hallmark.oip.v2 import open_inference_pb2 as oip

ASK = reflection_pb2.ServerReflectionRequest


async def reflect(served: Any, request: Any) -> Any:
    stub = reflection_pb2_grpc.ServerReflectionStub(served.channel)
    async for response in stub.ServerReflectionInfo(iter([request])):
        return response
    raise AssertionError("no answer")


async def learned(served: Any, symbol: str) -> DescriptorPool:
    """A pool made of nothing but what reflection told."""
    response = await reflect(served, ASK(file_containing_symbol=symbol))
    pool = DescriptorPool()
    for serialized in response.file_descriptor_response.file_descriptor_proto:
        pool.Add(FileDescriptorProto.FromString(serialized))
    return pool


async def test_services_by_their_wire_names(served: Any) -> None:
    response = await reflect(served, ASK(list_services=""))
    assert {service.name for service in response.list_services_response.service} == {
        "inference.GRPCInferenceService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_every_listed_service_has_its_file(served: Any) -> None:
    response = await reflect(served, ASK(list_services=""))
    for service in response.list_services_response.service:
        pool = await learned(served, service.name)
        assert pool.FindServiceByName(service.name).methods


async def test_our_own_package_is_not_on_the_wire(served: Any) -> None:
    pool = await learned(served, "inference.GRPCInferenceService")
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    assert [method.name for method in service.methods] == [
        method.name for method in oip.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods
    ]
    text = str(await reflect(served, ASK(file_containing_symbol="inference.GRPCInferenceService")))
    assert "hallmark.oip" not in text
    unknown = await reflect(served, ASK(file_containing_symbol="hallmark.oip.v2.GRPCInferenceService"))
    assert unknown.HasField("error_response")


async def test_a_call_made_of_reflection_alone(served: Any) -> None:
    pool = await learned(served, "inference.GRPCInferenceService")
    method = pool.FindServiceByName("inference.GRPCInferenceService").FindMethodByName("ModelInfer")
    request_class, response_class = (GetMessageClass(kind) for kind in (method.input_type, method.output_type))
    request = request_class(model_name="scalar")
    tensor = request.inputs.add(name="x", datatype="FP32")
    tensor.contents.fp32_contents.append(3)
    call = served.channel.unary_unary(
        "/inference.GRPCInferenceService/ModelInfer", request_class.SerializeToString, response_class.FromString
    )
    response = await call(request)
    assert list(response.outputs[0].contents.fp32_contents) == [-3]
    assert response.parameters["batch_size"].int64_param == 1
