"""The edge over gRPC: a thin translation over the one handler."""

import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from hallmark.web.v1 import web_pb2
from hallmark.web.v1.web_pb2_grpc import PredictionServiceServicer
from hallmark_common import attributes
from hallmark_common.errors import INTERNAL_MESSAGE, HallmarkError, as_hallmark_error
from hallmark_common.prediction import current_prediction, valid_consumer
from hallmark_common.stage import Stages
from hallmark_web.admission import Admission
from hallmark_web.concurrently import concurrently
from hallmark_web.models import ModelCatalogue
from hallmark_web.predict import Predictor, describe

logger = logging.getLogger(__name__)

PREDICT_METHOD = "hallmark.web.v1.PredictionService/Predict"
STREAM_SPAN = "hallmark.web.v1.PredictionService/PredictStream message"
MAX_IN_FLIGHT = 32
"""Predictions of one stream that run at once; further messages wait unread."""

ServicerContext = grpc.aio.ServicerContext[Any, Any]


class PredictionServicer(PredictionServiceServicer):
    """``hallmark.web.v1.PredictionService``."""

    def __init__(self, predictor: Predictor, models: ModelCatalogue, admission: Admission, stages: Stages) -> None:
        self._predictor = predictor
        self._models = models
        self._admission = admission
        self._stages = stages

    async def Predict(self, request: web_pb2.PredictRequest, context: ServicerContext) -> web_pb2.PredictResponse:
        """One prediction; its id is in the trailing metadata, whether it fails or not."""
        started_s = time.perf_counter()
        identity = _identity()
        context.set_trailing_metadata(identity)
        answer = await self._predictor.predict(request, started_s)
        quality = (attributes.QUALITY_KEY, answer.quality.SerializeToString())
        context.set_trailing_metadata((*identity, quality))
        return answer

    async def PredictStream(
        self, request_iterator: AsyncIterator[web_pb2.PredictStreamRequest], context: ServicerContext
    ) -> AsyncIterator[web_pb2.PredictStreamResponse]:
        """Many predictions, each with a stage span of its own; a failed one is an answer with an error."""
        consumer = valid_consumer(_claimed_consumer(context))

        async def answer(message: web_pb2.PredictStreamRequest) -> web_pb2.PredictStreamResponse:
            return await self._answer(message, consumer)

        async for response in concurrently(aiter(request_iterator), answer, MAX_IN_FLIGHT):
            yield response

    async def ListModels(
        self,
        request: web_pb2.ListModelsRequest,  # noqa: ARG002  # both are given to every handler
        context: ServicerContext,  # noqa: ARG002
    ) -> web_pb2.ListModelsResponse:
        """What models there are."""
        return web_pb2.ListModelsResponse(models=await self._models.list())

    async def _answer(self, message: web_pb2.PredictStreamRequest, consumer: str) -> web_pb2.PredictStreamResponse:
        prediction_id = ""
        try:
            with self._stages.span(STREAM_SPAN, "web", consumer):
                prediction_id = _prediction_id()
                describe(message.request)
                with self._admission.admitted():
                    response = await self._predictor.predict(message.request, time.perf_counter())
        except Exception as error:
            return _failed(message.request_id, prediction_id, error)
        return web_pb2.PredictStreamResponse(request_id=message.request_id, response=response)


def _failed(request_id: str, prediction_id: str, error: Exception) -> web_pb2.PredictStreamResponse:
    known = as_hallmark_error(error)
    if known is None:
        logger.error("a prediction of a stream failed", exc_info=error)
        known = HallmarkError(grpc.StatusCode.INTERNAL, "INTERNAL", INTERNAL_MESSAGE)
    told = web_pb2.PredictError(
        code=known.code.name,
        message=known.message,
        reason=known.reason,
        metadata=known.metadata,
        prediction_id=prediction_id,
    )
    return web_pb2.PredictStreamResponse(request_id=request_id, error=told)


def _prediction_id() -> str:
    prediction = current_prediction()
    return "" if prediction is None else prediction.id


def _identity() -> tuple[tuple[str, str | bytes], ...]:
    return ((attributes.PREDICTION_ID_KEY, _prediction_id()),)


def _claimed_consumer(context: ServicerContext) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == attributes.CONSUMER_KEY:
            return value if isinstance(value, str) else value.decode("latin-1")
    return None
