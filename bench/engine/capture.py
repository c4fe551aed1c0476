"""Spans as the services really make them: predictions of a stack whose telemetry goes to a recorder."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from tests.support.ports import free_port
from tests.support.stack import running_stack

MODELS = ("digits", "flights")
RATE = "50"
DURATION_S = "2"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Recorder(TraceServiceServicer):
    """A receiver of OTLP over gRPC that keeps what comes as it came."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:  # noqa: ARG002
        """Keep a request."""
        self.requests.append(request)
        return ExportTraceServiceResponse()


@contextmanager
def _recorder(port: int) -> Iterator[Recorder]:
    recorder = Recorder()
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    add_TraceServiceServicer_to_server(recorder, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield recorder
    finally:
        server.stop(None).wait()


def capture(folder: Path) -> dict[str, list[ExportTraceServiceRequest]]:
    """By model, what web, preprocess and inference exported while the held-out requests were replayed."""
    found = {}
    for model in MODELS:
        (folder / model).mkdir()
        port = free_port()
        with _recorder(port) as recorder:
            os.environ[ENDPOINT] = f"http://127.0.0.1:{port}"
            try:
                with running_stack(folder / model) as stack:
                    replayed = stack.run("replay", model, "--rate", RATE, "--duration", DURATION_S)
                    assert replayed.returncode == 0, replayed.stderr
            finally:
                del os.environ[ENDPOINT]
        found[model] = recorder.requests
    return found
