"""The edge over HTTP as a stage of a prediction: its span, its duration, its bound.

Pure ASGI: a middleware that runs the application in a task of its own would cut off disconnects and context.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.semconv.attributes import client_attributes as client
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import server_attributes as server
from opentelemetry.semconv.attributes import url_attributes as url
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.metrics.http_metrics import HTTP_SERVER_REQUEST_DURATION
from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from hallmark_common.interceptors.conventions import DURATION_BUCKETS_S
from hallmark_common.prediction import current_prediction, valid_consumer
from hallmark_common.stage import Stages
from hallmark_web.admission import Admission
from hallmark_web.predict import describe_model
from hallmark_web.problems import ERROR_STATE, error_response

ROUTE = "/v1/models/{model}:predict"
SPAN_NAME = f"POST {ROUTE}"

_PATH = re.compile(r"/v1/models/([^/]+):predict")


class PredictionTracing:
    """Makes every ``POST /v1/models/{model}:predict`` the web stage of a prediction; other requests pass untraced."""

    def __init__(self, app: ASGIApp, stages: Stages, meter: Meter, admission: Admission) -> None:
        self._app = app
        self._stages = stages
        self._duration = request_duration(meter)
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if not asked_model(scope):
            await self._app(scope, receive, send)
            return
        headers = grouped_headers(scope)
        consumer, refusal = _consumer(headers)
        parent = propagate.extract(headers, Context())
        # The error has been answered when it gets here: it was raised once more only to end the stage with it.
        with (
            suppress(HallmarkError),
            self._stages.span(SPAN_NAME, "web", consumer, parent=parent, kind=SpanKind.SERVER) as span,
        ):
            await self._traced(scope, receive, _Answer(send, span), refusal)

    async def _traced(self, scope: Scope, receive: Receive, answer: "_Answer", refusal: HallmarkError | None) -> None:
        started_s = time.perf_counter()
        found = request_attributes(scope)
        answer.span.set_attributes(found)
        describe_model(asked_model(scope))
        try:
            await self._serve(scope, receive, answer, refusal)
        finally:
            ended = response_attributes(answer.status)
            answer.span.set_attributes(ended)
            if ERROR_TYPE in ended:
                answer.span.set_status(StatusCode.ERROR)
            self._duration.record(time.perf_counter() - started_s, metric_attributes(found) | ended)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer", refusal: HallmarkError | None) -> None:
        try:
            if refusal is not None:
                raise refusal
            with self._admission.admitted():
                await self._app(scope, receive, answer.send)
        except HallmarkError as error:
            await error_response(error)(scope, receive, answer.send)
            raise
        answered = scope.get("state", {}).get(ERROR_STATE)
        if answered is not None:
            raise answered


class _Answer:
    """The response on its way out: says which prediction it is of, and remembers its status."""

    def __init__(self, send: Send, span: trace.Span) -> None:
        self.span = span
        self.status = 500
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass on one ASGI message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            prediction = current_prediction()
            headers = MutableHeaders(scope=message)
            headers[attributes.PREDICTION_ID_KEY] = prediction.id if prediction else ""
            headers["traceparent"] = traceparent(self.span)
        await self._send(message)


def asked_model(scope: Scope) -> str:
    """The model that an ASGI scope asks for a prediction of; empty where it is no such request."""
    found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
    return found[1] if found else ""


def grouped_headers(scope: Scope) -> dict[str, list[str]]:
    """Header values by lower-case name."""
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return found


def traceparent(span: trace.Span) -> str:
    """The W3C traceparent of a span (Trace Context, section 3.2)."""
    identity = span.get_span_context()
    return f"00-{identity.trace_id:032x}-{identity.span_id:016x}-{int(identity.trace_flags):02x}"


def request_attributes(scope: Scope) -> dict[str, str | int]:
    """Attributes of a request by the HTTP semantic conventions; the query, which may hold anything, is left out."""
    found: dict[str, str | int] = {
        http.HTTP_REQUEST_METHOD: scope["method"],
        http.HTTP_ROUTE: ROUTE,
        url.URL_PATH: scope["path"],
        url.URL_SCHEME: scope["scheme"],
    }
    for name, where in ((client.CLIENT_ADDRESS, scope.get("client")), (server.SERVER_ADDRESS, scope.get("server"))):
        if where:
            found[name] = where[0]
    if scope.get("server"):
        found[server.SERVER_PORT] = scope["server"][1]
    return found


def response_attributes(status: int) -> dict[str, str | int]:
    """Attributes of a response by the HTTP semantic conventions."""
    found: dict[str, str | int] = {http.HTTP_RESPONSE_STATUS_CODE: status}
    return found | {ERROR_TYPE: str(status)} if status >= 500 else found


def metric_attributes(found: Mapping[str, str | int]) -> dict[str, str | int]:
    """Those attributes of a request that have few values."""
    return {name: found[name] for name in (http.HTTP_REQUEST_METHOD, http.HTTP_ROUTE, url.URL_SCHEME)}


def request_duration(meter: Meter) -> Histogram:
    """``http.server.request.duration`` in seconds."""
    return meter.create_histogram(
        HTTP_SERVER_REQUEST_DURATION,
        "s",
        "Duration of HTTP server requests.",
        explicit_bucket_boundaries_advisory=list(DURATION_BUCKETS_S),
    )


def _consumer(headers: Mapping[str, list[str]]) -> tuple[str, HallmarkError | None]:
    try:
        return valid_consumer(next(iter(headers.get(attributes.CONSUMER_KEY, ())), None)), None
    except HallmarkError as error:
        return attributes.ANONYMOUS, error
