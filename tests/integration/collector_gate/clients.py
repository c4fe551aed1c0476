"""How spans are sent over each protocol of OTLP, and whether they were taken."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

TIMEOUT_S = 5.0

Send = Callable[[ExportTraceServiceRequest], bool]
"""True where it was acknowledged, False where it is to be sent again; ConnectionError where the connection failed."""
Connect = Callable[[int], AbstractContextManager[Send]]
"""To a port of this machine."""


@contextmanager
def over_grpc(port: int) -> Iterator[Send]:
    """One connection over gRPC."""
    # A pool of its own: a shared one has a new channel wait because the last one failed.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        stub = TraceServiceStub(channel)

        def send(request: ExportTraceServiceRequest) -> bool:
            try:
                stub.Export(request, timeout=TIMEOUT_S)
            except grpc.RpcError as error:
                if "send it again" in (error.details() or ""):
                    return False
                raise ConnectionError(error.details()) from error
            return True

        yield send


@contextmanager
def over_http(port: int) -> Iterator[Send]:
    """One connection over HTTP."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:

        def send(request: ExportTraceServiceRequest) -> bool:
            headers = {"content-type": "application/x-protobuf"}
            try:
                connection.request("POST", "/v1/traces", request.SerializeToString(), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise ConnectionError(str(error)) from error
            return answer.status == http.HTTPStatus.OK

        yield send
