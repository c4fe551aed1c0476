"""The edge over HTTP: a thin translation over the one handler."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse

from hallmark_web.answers import answer_to_dict, model_to_dict
from hallmark_web.body import BodyLimits, read_request
from hallmark_web.disconnect import while_connected
from hallmark_web.models import ModelCatalogue
from hallmark_web.openapi import MODELS_DOC, PREDICT_DOC
from hallmark_web.predict import Predictor, describe


@dataclass(frozen=True, slots=True)
class RestApi:
    """What the routes work with."""

    predictor: Predictor
    models: ModelCatalogue
    limits: BodyLimits


def prediction_routes(api: RestApi) -> APIRouter:
    """``POST /v1/models/{model}:predict`` and ``GET /v1/models``."""
    router = APIRouter(tags=["predictions"])

    @router.post("/v1/models/{model}:predict", **PREDICT_DOC)
    async def predict(
        model: Annotated[str, Path(description="Name of the model.", examples=["digits"])], http: Request
    ) -> Any:
        started_s = time.perf_counter()
        request = await read_request(model, http, api.limits)
        describe(request)
        answer = await while_connected(http.receive, api.predictor.predict(request, started_s))
        return JSONResponse(answer_to_dict(answer))

    @router.get("/v1/models", **MODELS_DOC)
    async def list_models() -> Any:
        return JSONResponse({"models": [model_to_dict(model) for model in await api.models.list()]})

    return router
