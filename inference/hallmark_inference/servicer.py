"""The Open Inference Protocol v2: a thin translation between its messages, the repository and the runner."""

from importlib.metadata import version
from typing import Any

from opentelemetry import trace

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common import attributes
from hallmark_common.deadline import remaining_s
from hallmark_inference.graph import TensorInfo
from hallmark_inference.jobs import Result
from hallmark_inference.messages import select_outputs
from hallmark_inference.repository import Model, Repository
from hallmark_inference.runner import Runner
from hallmark_inference.timing import Timing

SERVER_NAME = "hallmark-inference"
PLATFORM = "onnxruntime_onnx"


class InferenceServicer:
    """The six methods of ``GRPCInferenceService``; each may raise :class:`~hallmark_common.errors.HallmarkError`."""

    def __init__(self, repository: Repository, runner: Runner, tracer: trace.Tracer) -> None:
        self._repository = repository
        self._runner = runner
        self._tracer = tracer

    async def ServerLive(self, _request: oip.ServerLiveRequest, _context: Any) -> oip.ServerLiveResponse:
        """Whether the server is up."""
        return oip.ServerLiveResponse(live=True)

    async def ServerReady(self, _request: oip.ServerReadyRequest, _context: Any) -> oip.ServerReadyResponse:
        """Whether every model is ready: all are loaded before the port is open."""
        return oip.ServerReadyResponse(ready=True)

    async def ModelReady(self, request: oip.ModelReadyRequest, _context: Any) -> oip.ModelReadyResponse:
        """Whether one model is ready; NOT_FOUND for one that is not loaded."""
        self._repository.find(request.name, request.version)
        return oip.ModelReadyResponse(ready=True)

    async def ServerMetadata(self, _request: oip.ServerMetadataRequest, _context: Any) -> oip.ServerMetadataResponse:
        """Name and version of the server."""
        return oip.ServerMetadataResponse(name=SERVER_NAME, version=version("hallmark"))

    async def ModelMetadata(self, request: oip.ModelMetadataRequest, _context: Any) -> oip.ModelMetadataResponse:
        """Inputs and outputs of a model; NOT_FOUND for one that is not loaded."""
        model = self._repository.find(request.name, request.version)
        return oip.ModelMetadataResponse(
            name=model.name,
            versions=self._repository.versions(model.name),
            platform=PLATFORM,
            inputs=[_metadata(info) for info in model.graph.inputs.values()],
            outputs=[_metadata(info) for info in model.graph.outputs.values()],
        )

    async def ModelInfer(self, request: oip.ModelInferRequest, _context: Any) -> oip.ModelInferResponse:
        """Run a model. Its own measurements go into the answer's parameters and onto the span of the stage."""
        model = self._repository.find(request.model_name, request.model_version)
        span = trace.get_current_span()
        span.set_attributes(_identity(model))
        result = await self._runner.infer(model, request, select_outputs(request, model.graph), remaining_s())
        span.set_attributes(_measures(result))
        _trace_steps(self._tracer, result.timing)
        return _completed(result, model)


def _metadata(info: TensorInfo) -> oip.ModelMetadataResponse.TensorMetadata:
    return oip.ModelMetadataResponse.TensorMetadata(name=info.name, datatype=info.kind.datatype, shape=info.shape)


def _identity(model: Model) -> dict[str, str]:
    return {
        attributes.MODEL: model.name,
        attributes.MODEL_VERSION: model.version,
        attributes.MODEL_VARIANT: model.variant,
    }


def _measures(result: Result) -> dict[str, float | int]:
    return {
        attributes.QUEUE_MS: result.timing.queue_ms,
        attributes.BATCH_MS: result.timing.batch_ms,
        attributes.COMPUTE_MS: result.timing.compute_ms,
        attributes.BATCH_SIZE: result.batch_size,
    }


def _trace_steps(tracer: trace.Tracer, timing: Timing) -> None:
    """Spans of what happened on another thread: queue, then batch with compute inside, so batch's own is batch_ms."""
    tracer.start_span(attributes.SPAN_QUEUE, start_time=timing.queued_ns).end(timing.begun_ns)
    batch = tracer.start_span(attributes.SPAN_BATCH, start_time=timing.begun_ns)
    inside = trace.set_span_in_context(batch)
    tracer.start_span(attributes.SPAN_COMPUTE, inside, start_time=timing.fed_ns).end(timing.computed_ns)
    batch.end(timing.ended_ns)


def _completed(result: Result, model: Model) -> oip.ModelInferResponse:
    response = result.response
    response.model_name, response.model_version = model.name, model.version
    response.parameters["queue_ms"].double_param = result.timing.queue_ms
    response.parameters["batch_ms"].double_param = result.timing.batch_ms
    response.parameters["compute_ms"].double_param = result.timing.compute_ms
    response.parameters["batch_size"].int64_param = result.batch_size
    return response
