"""hallmark.preprocess.v1.PreprocessService: decode, validate, transform, call inference, answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from numpy.typing import NDArray
from opentelemetry import trace

from hallmark.preprocess.v1 import preprocess_pb2, preprocess_pb2_grpc
from hallmark.qoa.v1 import quality_pb2
from hallmark_common import attributes
from hallmark_common.model_spec import ModelSpec, RawOutput
from hallmark_common.prediction import current_prediction
from hallmark_common.times import event_ns
from hallmark_preprocess.answer import Answer, make_answer
from hallmark_preprocess.catalog import Catalog, ServedModel
from hallmark_preprocess.inference_client import Inference, InferenceClient
from hallmark_preprocess.offload import INLINE_ELEMENTS, Offload, is_heavy
from hallmark_preprocess.prepare import ONLY_INPUT, DataReport, Limits, Preparation, Prepared
from hallmark_preprocess.quality import answer_attributes
from hallmark_preprocess.steps import Steps

MAX_NAME = 64
"""Characters of a model's name that go on the span; a valid name has at most 63."""


@dataclass(frozen=True)
class PreprocessServicer(preprocess_pb2_grpc.PreprocessServiceServicer):
    """Answers requests for the models of a catalog."""

    catalog: Catalog
    client: InferenceClient
    limits: Limits
    offload: Offload

    async def ListModels(
        self,
        request: preprocess_pb2.ListModelsRequest,  # noqa: ARG002  # named by gRPC
        context: object,  # noqa: ARG002  # named by gRPC
    ) -> preprocess_pb2.ListModelsResponse:
        """What models there are and what each takes and gives."""
        return preprocess_pb2.ListModelsResponse(models=self.catalog.descriptions())

    async def Predict(
        self,
        request: preprocess_pb2.PredictRequest,
        context: object,  # noqa: ARG002  # named by gRPC
    ) -> preprocess_pb2.PredictResponse:
        """One request; what is known of it so far is on the stage span whenever it fails."""
        span, steps, report = trace.get_current_span(), Steps(), DataReport()
        describe(request)
        model, version = self.catalog.find(request.model, request.version)
        span.set_attribute(attributes.MODEL_VERSION, version)
        span.set_attribute(attributes.MODEL_VARIANT, model.spec.variant)
        prepared = await self._prepare(model, request.input, report, steps)
        tensors = await self._named(model.spec, version, prepared.tensors)
        called_ms = steps.elapsed_ms()
        inference = await self.client.infer(model.spec.name, version, tensors, wanted_outputs(model.spec))
        span.set_attribute(attributes.MODEL_VERSION, inference.version)
        with steps.measure(attributes.SPAN_ANSWER):
            answer = await self._answer(model.spec, inference, prepared.instances)
            span.set_attributes(answer_attributes(answer.facts))
        summary = summarize(model.spec, report, inference, answer)
        summary.stages.extend(measured_stages(steps, inference, called_ms))
        return preprocess_pb2.PredictResponse(predictions=answer.predictions, tensors=answer.tensors, quality=summary)

    async def _prepare(
        self, model: ServedModel, given: preprocess_pb2.Input, report: DataReport, steps: Steps
    ) -> Prepared:
        preparation = Preparation(model, given, self.limits, report, steps)
        try:
            return await self.offload.run(preparation.run, heavy=is_heavy(model.spec, given))
        finally:
            trace.get_current_span().set_attributes(report.span_attributes())

    async def _answer(self, spec: ModelSpec, inference: Inference, instances: int) -> Answer:
        heavy = sum(array.size for array in inference.outputs.values()) > INLINE_ELEMENTS
        return await self.offload.run(lambda: make_answer(spec, inference.outputs, instances), heavy=heavy)

    async def _named(
        self, spec: ModelSpec, version: str, tensors: Mapping[str, NDArray[Any]]
    ) -> Mapping[str, NDArray[Any]]:
        if ONLY_INPUT not in tensors:
            return tensors
        return {await self.client.only_input(spec.name, version): tensors[ONLY_INPUT]}


def describe(request: preprocess_pb2.PredictRequest) -> None:
    """Put on the stage span what is asked for, as web does: should its telemetry be lost, the record still has it."""
    span = trace.get_current_span()
    span.set_attribute(attributes.MODEL, request.model[:MAX_NAME])
    if request.HasField("event_time") and (happened_ns := event_ns(request.event_time)) is not None:
        span.set_attribute(attributes.EVENT_TIME, happened_ns)


def wanted_outputs(spec: ModelSpec) -> Sequence[str]:
    """Graph outputs to ask for; none means all."""
    if isinstance(spec.output, RawOutput):
        return spec.output.tensors
    return (spec.output.tensor,) if spec.output.tensor else ()


def summarize(spec: ModelSpec, report: DataReport, inference: Inference, answer: Answer) -> quality_pb2.QualitySummary:
    """The quality of a prediction, without its stages."""
    prediction = current_prediction()
    return quality_pb2.QualitySummary(
        prediction_id=prediction.id if prediction else "",
        trace_id=prediction.trace_id if prediction else "",
        model=quality_pb2.Model(name=spec.name, version=inference.version, variant=spec.variant),
        data=report.quality(),
        prediction=answer.facts,
        inference=inference.facts,
    )


def measured_stages(steps: Steps, inference: Inference, called_ms: float) -> list[quality_pb2.Stage]:
    """Preprocess up to now and inference as it measured itself; times count from the start of preprocess.

    What the call took beyond that was the way there and back, half of it before.
    """
    duration_ms, facts = steps.elapsed_ms(), inference.facts
    preprocess = quality_pb2.Stage(
        name="preprocess",
        duration_ms=duration_ms,
        self_ms=max(duration_ms - inference.duration_ms, 0.0),
        status=grpc.StatusCode.OK.name,
        steps=steps.done,
    )
    own_ms = facts.queue_ms + facts.batch_ms + facts.compute_ms
    called = quality_pb2.Stage(
        name="inference",
        start_ms=called_ms + max(inference.duration_ms - own_ms, 0.0) / 2,
        duration_ms=own_ms,
        self_ms=own_ms,
        status=grpc.StatusCode.OK.name,
    )
    return [preprocess, called]
