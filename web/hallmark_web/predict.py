"""The edge's one handler: a prediction, whatever protocol it came over.

gRPC and REST translate to and from it; it knows neither.
"""

import time
from typing import TYPE_CHECKING

import grpc
from opentelemetry import trace

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common import attributes
from hallmark_common.deadline import remaining_s
from hallmark_common.errors import MAX_SHOWN, HallmarkError, invalid, shown
from hallmark_common.prediction import current_prediction
from hallmark_common.times import event_ns
from hallmark_web.downstream import downstream_error
from hallmark_web.summary import Timing, web_summary

if TYPE_CHECKING:
    from hallmark.preprocess.v1.preprocess_pb2_grpc import PreprocessServiceAsyncStub


class Predictor:
    """Forwards one prediction to preprocess, with a deadline, and sums up its quality as web saw it."""

    def __init__(self, preprocess: "PreprocessServiceAsyncStub", timeout_s: float) -> None:
        self._preprocess = preprocess
        self._timeout_s = timeout_s

    async def predict(self, request: web_pb2.PredictRequest, started_s: float) -> web_pb2.PredictResponse:
        """Answer one request, described already, that entered web at ``started_s`` (:func:`time.perf_counter`).

        Raises :class:`HallmarkError`: INVALID_ARGUMENT for what the edge can see is wrong, DEADLINE_EXCEEDED without
        a call where no time is left, else what the services behind said.
        """
        check(request)
        timeout_s = self._remaining()
        called_s = time.perf_counter()
        answer = await self._call(request, timeout_s)
        timing = Timing(started_s, called_s, time.perf_counter())
        return compose(answer, timing)

    def _remaining(self) -> float:
        left = remaining_s()
        if left is None:
            return self._timeout_s
        if left <= 0:
            raise HallmarkError(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "no time left to predict in")
        return min(left, self._timeout_s)

    async def _call(self, request: web_pb2.PredictRequest, timeout_s: float) -> preprocess_pb2.PredictResponse:
        forwarded = preprocess_pb2.PredictRequest(model=request.model, version=request.version, input=request.input)
        if request.HasField("event_time"):
            forwarded.event_time.CopyFrom(request.event_time)
        try:
            return await self._preprocess.Predict(forwarded, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise downstream_error(error, "preprocess") from error


def describe_model(model: str) -> None:
    """Put on the stage span which model is asked for; no more of it than a name can have."""
    if model:
        trace.get_current_span().set_attribute(attributes.MODEL, model[:MAX_SHOWN])


def describe(request: web_pb2.PredictRequest) -> None:
    """Put on the stage span what the request asks for, valid or not: the record of a refused one names it too."""
    describe_model(request.model)
    if request.HasField("event_time") and (happened_ns := event_ns(request.event_time)) is not None:
        trace.get_current_span().set_attribute(attributes.EVENT_TIME, happened_ns)


def check(request: web_pb2.PredictRequest) -> None:
    """Refuse what is wrong whatever the model; INVALID_ARGUMENT names the field."""
    if not request.model:
        raise invalid("model", "the name of a model", "nothing")
    if request.input.WhichOneof("kind") is None:
        raise invalid("input", "one of images, table, tensors, json", "nothing")
    if request.HasField("event_time") and event_ns(request.event_time) is None:
        got = shown(f"{request.event_time.seconds} s {request.event_time.nanos} ns since 1970")
        raise invalid("event_time", "a time in the years 1970 to 2200", got)


def compose(answer: preprocess_pb2.PredictResponse, timing: Timing) -> web_pb2.PredictResponse:
    """The answer of web from that of preprocess."""
    prediction = current_prediction()
    identity = ("", "") if prediction is None else (prediction.id, prediction.trace_id)
    quality = web_summary(answer.quality, timing, *identity)
    return web_pb2.PredictResponse(
        prediction_id=quality.prediction_id,
        trace_id=quality.trace_id,
        model=quality.model,
        predictions=answer.predictions,
        tensors=answer.tensors,
        quality=quality,
    )
