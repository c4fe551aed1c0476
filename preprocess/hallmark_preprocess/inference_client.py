"""The call to inference, over the Open Inference Protocol v2."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from numpy.typing import NDArray

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark.qoa.v1 import quality_pb2
from hallmark_common.errors import HallmarkError, from_rpc_error
from hallmark_preprocess.model_output import wrong_output
from hallmark_preprocess.oip_tensors import datatype_of, decode_raw, encode_raw

SERVICE = "/inference.GRPCInferenceService"
"""Name on the wire, where the protocol's package is ``inference``."""


@dataclass(frozen=True)
class Inference:
    """What inference answered: ``version`` ran; ``duration_ms`` is the wall time of the call."""

    version: str
    outputs: Mapping[str, NDArray[Any]]
    facts: quality_pb2.InferenceFacts
    duration_ms: float


class InferenceClient:
    """Calls inference through one channel; deadline and trace context are the channel's work."""

    def __init__(self, channel: grpc.aio.Channel, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._only_inputs: dict[tuple[str, str], str] = {}
        self._infer = channel.unary_unary(
            f"{SERVICE}/ModelInfer",
            request_serializer=oip.ModelInferRequest.SerializeToString,
            response_deserializer=oip.ModelInferResponse.FromString,
        )
        self._metadata = channel.unary_unary(
            f"{SERVICE}/ModelMetadata",
            request_serializer=oip.ModelMetadataRequest.SerializeToString,
            response_deserializer=oip.ModelMetadataResponse.FromString,
        )

    async def infer(
        self, model: str, version: str, tensors: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> Inference:
        """Run a model; all outputs where none is named.

        Raises:
            HallmarkError: what inference said; INTERNAL, reason MODEL_OUTPUT, where its answer cannot be read.
        """
        request = infer_request(model, version, tensors, outputs)
        started_s = self._clock()
        try:
            response = await self._infer(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        duration_ms = (self._clock() - started_s) * 1000
        return Inference(response.model_version or version, _outputs(model, response), _facts(response), duration_ms)

    async def only_input(self, model: str, version: str) -> str:
        """Name of the only input of a graph, asked once.

        Raises:
            HallmarkError: what inference said; FAILED_PRECONDITION where the graph has several inputs.
        """
        key = (model, version)
        if key not in self._only_inputs:
            self._only_inputs[key] = await self._ask_only_input(model, version)
        return self._only_inputs[key]

    async def _ask_only_input(self, model: str, version: str) -> str:
        try:
            response = await self._metadata(oip.ModelMetadataRequest(name=model, version=version))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        names = [str(tensor.name) for tensor in response.inputs]
        if len(names) != 1:
            message = f"model {model} has the inputs {', '.join(names) or 'none'}; name the tensor in its model.yaml"
            raise HallmarkError(grpc.StatusCode.FAILED_PRECONDITION, "MODEL_INPUT", message, {"model": model})
        return names[0]


def infer_request(
    model: str, version: str, tensors: Mapping[str, NDArray[Any]], outputs: Sequence[str]
) -> oip.ModelInferRequest:
    """A request with raw contents."""
    request = oip.ModelInferRequest(model_name=model, model_version=version)
    for name, array in tensors.items():
        request.inputs.add(name=name, datatype=datatype_of(array), shape=array.shape)
        request.raw_input_contents.append(encode_raw(array))
    for name in outputs:
        request.outputs.add(name=name)
    return request


def _outputs(model: str, response: oip.ModelInferResponse) -> dict[str, NDArray[Any]]:
    outputs, contents = response.outputs, response.raw_output_contents
    if len(contents) != len(outputs):
        raise wrong_output(model, "outputs", f"{len(outputs)} raw contents, one an output", str(len(contents)))
    return {output.name: _output(model, output, raw) for output, raw in zip(outputs, contents, strict=True)}


def _output(model: str, output: oip.ModelInferResponse.InferOutputTensor, raw: bytes) -> NDArray[Any]:
    try:
        return decode_raw(output.datatype, output.shape, raw)
    except ValueError as error:
        raise wrong_output(model, output.name, str(error), f"{len(raw)} bytes of {output.datatype}") from None


def _facts(response: oip.ModelInferResponse) -> quality_pb2.InferenceFacts:
    given = response.parameters
    return quality_pb2.InferenceFacts(
        # Looked up with `in` first: reading a missing key of a protobuf map would add it.
        **{name: given[name].double_param for name in ("queue_ms", "batch_ms", "compute_ms") if name in given},
        batch_size=given["batch_size"].int64_param if "batch_size" in given else 0,
    )
