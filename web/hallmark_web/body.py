"""The body of a REST request: its type, its bounds, and what it asks for."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import grpc
from starlette.requests import Request

from hallmark.web.v1 import web_pb2
from hallmark_common.errors import HallmarkError, invalid, shown, too_large
from hallmark_web.json_body import parse_json_request, strict_json
from hallmark_web.multipart_body import parse_multipart_request

UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
JSON_TYPE = "application/json"
MULTIPART_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much one request may bring."""

    max_bytes: int
    max_instances: int


async def read_request(model: str, http: Request, limits: BodyLimits) -> web_pb2.PredictRequest:
    """Read and parse the body as its content type says.

    Raises :class:`HallmarkError`: TOO_LARGE as soon as that is known, UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT.
    """
    media_type = _media_type(http, JSON_TYPE, MULTIPART_TYPE)
    chunks = _bounded(http, limits.max_bytes, f"{JSON_TYPE} or {MULTIPART_TYPE}")
    if media_type == MULTIPART_TYPE:
        content_type = http.headers["content-type"]
        return await parse_multipart_request(model, content_type, chunks, limits.max_instances)
    return parse_json_request(model, b"".join([chunk async for chunk in chunks]))


async def read_json(http: Request, max_bytes: int) -> Any:
    """Read and parse a body that can only be JSON.

    Raises :class:`HallmarkError`: TOO_LARGE as soon as that is known, UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT.
    """
    _media_type(http, JSON_TYPE)
    return strict_json(b"".join([chunk async for chunk in _bounded(http, max_bytes, JSON_TYPE)]))


def _media_type(http: Request, *known: str) -> str:
    media_type = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in known:
        raise _unsupported(media_type, " or ".join(known))
    return media_type


async def _bounded(http: Request, max_bytes: int, expected: str) -> AsyncGenerator[bytes, None]:
    """The chunks of the body while they are within the limit; what comes after is never held."""
    announced = http.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_large("body", f"{max_bytes} bytes", f"{announced} bytes")
    received = 0
    async for chunk in http.stream():
        received += len(chunk)
        if received > max_bytes:
            raise too_large("body", f"{max_bytes} bytes", "more")
        yield chunk
    if not received:
        raise invalid("body", expected, "nothing")


def _unsupported(media_type: str, expected: str) -> HallmarkError:
    got = shown(media_type) if media_type else "none"
    return HallmarkError(
        grpc.StatusCode.INVALID_ARGUMENT,
        UNSUPPORTED_MEDIA_TYPE,
        f"content-type: expected {expected}, got {got}",
        {"field": "content-type", "expected": expected, "got": got},
    )
