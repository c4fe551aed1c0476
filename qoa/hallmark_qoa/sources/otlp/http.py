"""OTLP over HTTP: POST /v1/traces, /v1/metrics and /v1/logs."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

import grpc
import uvicorn
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hallmark_common.errors import HallmarkError, PortTakenError
from hallmark_common.settings import Settings, variable
from hallmark_qoa.sources.base import Sink
from hallmark_qoa.sources.otlp.encoding import (
    JSON,
    PROTOBUF,
    BodyError,
    Encoding,
    TooLargeError,
    gunzip,
    serialize,
    to_protobuf,
)
from hallmark_qoa.sources.otlp.signals import SIGNALS, Signal

Code = grpc.StatusCode

_MAX_CONNECTIONS = 256
_RETRY_AFTER_S = 1


class OtlpHttpSource:
    """A :class:`hallmark_qoa.sources.base.Source` that is an OTLP/HTTP server within the running event loop."""

    def __init__(self, settings: Settings, sink: Sink) -> None:
        self._host = settings.host
        self._port = settings.otlp_http_port
        app = Starlette(routes=[_route(signal, sink, settings.max_request_bytes) for signal in SIGNALS])
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; PortTakenError names the setting."""
        listener = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise PortTakenError(variable("otlp_http_port"), self._host, self._port) from None
        listener.listen()  # from here on a connection waits instead of being refused
        self._serving = asyncio.create_task(self._server.serve([listener]))

    async def take_no_more(self, grace_s: float) -> None:
        """See the protocol."""
        await self.stop(grace_s)

    async def stop(self, grace_s: float) -> None:
        """See the protocol."""
        if self._serving is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, round(grace_s))
        self._server.should_exit = True
        await self._serving


class _Server(uvicorn.Server):
    """Leaves signals to the process that it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _route(signal: Signal, sink: Sink, max_bytes: int) -> Route:
    return Route(f"/v1/{signal.name}", _endpoint(signal, sink, max_bytes), methods=["POST"])


def _endpoint(signal: Signal, sink: Sink, max_bytes: int) -> Callable[[Request], Awaitable[Response]]:
    async def export(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding: Encoding = JSON if content_type == JSON else PROTOBUF
        if content_type not in (JSON, PROTOBUF):
            return _failure(415, Code.INVALID_ARGUMENT, f"content-type must be {PROTOBUF} or {JSON}", encoding)
        compression = request.headers.get("content-encoding", "identity").strip().lower()
        if compression not in ("gzip", "identity"):
            return _failure(415, Code.INVALID_ARGUMENT, "content-encoding must be gzip or identity", encoding)
        try:
            body = await _body(request, max_bytes)
            if compression == "gzip":
                body = gunzip(body, max_bytes)
            answer = await signal.take(sink, to_protobuf(body, encoding, signal.request))
        except TooLargeError:
            return _failure(413, Code.RESOURCE_EXHAUSTED, f"a body may have {max_bytes} bytes", encoding)
        except BodyError as error:
            return _failure(400, Code.INVALID_ARGUMENT, str(error), encoding)
        except DecodeError:
            return _failure(400, Code.INVALID_ARGUMENT, signal.complaint, encoding)
        except HallmarkError as error:
            return _failure(503, error.code, error.message, encoding)
        return Response(serialize(answer, encoding), media_type=encoding)

    return export


async def _body(request: Request, max_bytes: int) -> bytes:
    """The body as sent; no more than ``max_bytes`` and one piece of it is ever held."""
    parts: list[bytes] = []
    left = max_bytes
    try:
        async for part in request.stream():
            left -= len(part)
            if left < 0:
                raise TooLargeError
            parts.append(part)
    except ClientDisconnect:
        raise BodyError("the connection ended before the body did") from None
    return b"".join(parts)


def _failure(http_status: int, code: grpc.StatusCode, message: str, encoding: Encoding) -> Response:
    status = status_pb2.Status(code=code.value[0], message=message)
    headers = {"retry-after": str(_RETRY_AFTER_S)} if http_status == 503 else None
    return Response(serialize(status, encoding), http_status, headers, media_type=encoding)
