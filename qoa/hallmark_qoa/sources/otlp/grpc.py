"""OTLP over gRPC. Not traced: it would make a span of every batch of spans."""

from collections.abc import Awaitable, Callable

import grpc
from google.protobuf.message import DecodeError

from hallmark_common.errors import HallmarkError, PortTakenError
from hallmark_common.settings import Settings, variable
from hallmark_qoa.sources.base import Sink
from hallmark_qoa.sources.otlp.signals import SIGNALS, Signal

Context = grpc.aio.ServicerContext[bytes, bytes]
Handler = Callable[[bytes, Context], Awaitable[bytes]]


class OtlpGrpcSource:
    """A :class:`hallmark_qoa.sources.base.Source` that is an OTLP/gRPC server; gRPC itself undoes gzip."""

    def __init__(self, settings: Settings, sink: Sink) -> None:
        self._host = settings.host
        self._port = settings.otlp_grpc_port
        self._server = grpc.aio.server(
            options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", settings.max_request_bytes)]
        )
        self._server.add_generic_rpc_handlers([_service(signal, sink) for signal in SIGNALS])

    async def start(self) -> None:
        """Listen; PortTakenError names the setting."""
        try:
            self._server.add_insecure_port(f"{self._host}:{self._port}")
        except RuntimeError:
            raise PortTakenError(variable("otlp_grpc_port"), self._host, self._port) from None
        await self._server.start()

    async def take_no_more(self, grace_s: float) -> None:
        """See the protocol."""
        await self.stop(grace_s)

    async def stop(self, grace_s: float) -> None:
        """See the protocol."""
        await self._server.stop(grace_s)


def _service(signal: Signal, sink: Sink) -> grpc.GenericRpcHandler:
    export: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_export(signal, sink))
    return grpc.method_handlers_generic_handler(signal.service, {"Export": export})


def _export(signal: Signal, sink: Sink) -> Handler:
    async def export(body: bytes, context: Context) -> bytes:
        try:
            answer = await signal.take(sink, body)
        except DecodeError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, signal.complaint)
        except HallmarkError as error:
            await context.abort(error.code, error.message)
        return answer.SerializeToString()

    return export
