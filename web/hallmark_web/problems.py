"""Every failure over HTTP as one JSON body with one status."""

from collections.abc import Mapping
from typing import Any

import grpc
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from hallmark_common.errors import INTERNAL_MESSAGE, HallmarkError, invalid, shown
from hallmark_common.prediction import current_prediction
from hallmark_web.body import UNSUPPORTED_MEDIA_TYPE
from hallmark_web.fields import field_name

ERROR_STATE = "hallmark_error"
"""Key in the request's state under which the error that was answered is left for whoever traces the request."""
RETRY_AFTER_S = 1
CLIENT_CLOSED_REQUEST = 499

_BY_CODE = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: CLIENT_CLOSED_REQUEST,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
_BY_REASON = {"METHOD_NOT_ALLOWED": 405, "TOO_LARGE": 413, UNSUPPORTED_MEDIA_TYPE: 415}


def http_status(error: HallmarkError) -> int:
    """The HTTP status of an error: by its reason where HTTP is finer than gRPC, else by its code."""
    return _BY_REASON.get(error.reason) or _BY_CODE.get(error.code, 500)


def error_body(error: HallmarkError) -> dict[str, Any]:
    """The JSON body of an error; what is not known is an empty text."""
    prediction = current_prediction()
    return {
        "error": {
            "code": error.code.name,
            "reason": error.reason,
            "message": error.message,
            **{key: error.metadata.get(key, "") for key in ("field", "expected", "got")},
        },
        "prediction_id": prediction.id if prediction else "",
        "trace_id": prediction.trace_id if prediction else "",
    }


def error_response(error: HallmarkError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer for an error."""
    status = http_status(error)
    more = {"retry-after": str(RETRY_AFTER_S)} if status in (429, 503) else {}
    return JSONResponse(error_body(error), status, headers={**(headers or {}), **more})


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure of the application answer as JSON, its own ones of unknown paths and methods included."""
    app.add_exception_handler(HallmarkError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(ClientDisconnect, _answer)
    app.add_exception_handler(Exception, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    known = as_error(request, error)
    setattr(request.state, ERROR_STATE, known)
    return error_response(known, error.headers if isinstance(error, HTTPException) else None)


def as_error(request: Request, error: Exception) -> HallmarkError:
    """What an exception of a route means to the caller; of an unexpected one, nothing but that it happened."""
    if isinstance(error, HallmarkError):
        return error
    if isinstance(error, HTTPException):
        return _framework_error(request, error)
    if isinstance(error, RequestValidationError):
        return _validation_error(error)
    if isinstance(error, ClientDisconnect):
        return client_gone()
    return HallmarkError(grpc.StatusCode.INTERNAL, "INTERNAL", INTERNAL_MESSAGE)


def client_gone() -> HallmarkError:
    """The client hung up before its answer."""
    return HallmarkError(grpc.StatusCode.CANCELLED, "CANCELLED", "the client closed the connection")


def _framework_error(request: Request, error: HTTPException) -> HallmarkError:
    path, method = shown(request.url.path), request.method
    if error.status_code == 404:
        return HallmarkError(
            grpc.StatusCode.NOT_FOUND,
            "PATH_NOT_FOUND",
            f"path: {path} not found; /docs lists what there is",
            {"field": "path", "expected": "a path that /docs lists", "got": path},
        )
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        metadata = {"field": "method", "expected": allowed, "got": method}
        message = f"method: expected {allowed} for {path}, got {method}"
        return HallmarkError(grpc.StatusCode.UNIMPLEMENTED, "METHOD_NOT_ALLOWED", message, metadata)
    return invalid("request", "a valid HTTP request", shown(error.detail))


def _validation_error(error: RequestValidationError) -> HallmarkError:
    first = error.errors()[0]
    field = field_name(str(first["loc"][-1]))
    return invalid(field, str(first["msg"]).removeprefix("Input should be "), shown(first.get("input")))
