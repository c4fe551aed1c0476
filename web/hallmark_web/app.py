"""The HTTP application: routes, errors, the page, and what wraps them."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.metrics import Meter
from starlette.types import ASGIApp

from hallmark_common.stage import Stages
from hallmark_web.admission import Admission
from hallmark_web.head import HeadAsGet
from hallmark_web.http_tracing import PredictionTracing
from hallmark_web.openapi import DESCRIPTION
from hallmark_web.pages import SecurityHeaders, add_pages
from hallmark_web.problems import install_error_handlers


@dataclass(frozen=True, slots=True)
class Tracing:
    """What a traced request leaves its facts with."""

    stages: Stages
    meter: Meter


NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI traces requests itself where a global provider is set: it would believe the client's baggage, hide the
identity of the prediction from everything below, and double every span."""


class _Api(FastAPI):
    """FastAPI documents an answer 422 for every parameter; ours are 400 with our own body."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document


def describe_api(version: str, *routers: APIRouter) -> FastAPI:
    """The application without what wraps it; its OpenAPI document is at ``/openapi.json``."""
    app = _Api(
        title="Hallmark",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    for router in routers:
        app.include_router(router)
    add_pages(app)
    install_error_handlers(app)
    return app


def make_app(version: str, tracing: Tracing, admission: Admission, *routers: APIRouter) -> ASGIApp:
    """The application as it is served."""
    app = describe_api(version, *routers)
    return SecurityHeaders(HeadAsGet(PredictionTracing(app, tracing.stages, tracing.meter, admission)))
