"""The life of a service process: settings, logs, telemetry, servers, readiness, drain.

``run_service`` reads from start to end as a process lives.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import grpc
import uvloop
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from hallmark_common import attributes
from hallmark_common.errors import PortTakenError, StartupError
from hallmark_common.interceptors.client import ClientSide
from hallmark_common.interceptors.server import ServerTelemetry, StageMethod
from hallmark_common.logs import set_up_logs
from hallmark_common.settings import Settings, load_settings, variable
from hallmark_common.stage import Stages
from hallmark_common.telemetry import Telemetry, make_telemetry

__all__ = ["GrpcServer", "Runtime", "StageMethod", "run_service"]

logger = logging.getLogger(__name__)

STAGE_METHODS = {
    "hallmark.preprocess.v1.PreprocessService/Predict": "preprocess",
    "inference.GRPCInferenceService/ModelInfer": "inference",
}
"""Methods whose server span is a stage; a client span to one of them says so, so that a lost stage is noticed."""

LINGER_S = 0.25
"""So long a draining server still answers new calls, with UNAVAILABLE, before it takes none at all."""

GC_THRESHOLD = 50_000
"""Objects made before the collector looks for cycles; with the default it took about 15 % of the engine's time."""

INNER_MESSAGE_FACTOR = 8
"""Decoded tensors are larger than the request they came in: messages between services may be so many times larger."""


class GrpcServer:
    """One gRPC port of a service, with interceptors, health v1 and reflection."""

    def __init__(self, telemetry: ServerTelemetry, settings: Settings, field: str, max_message_bytes: int) -> None:
        # Without so_reuseport=0 a second process could take the same port and get half of the calls.
        options = [("grpc.so_reuseport", 0), *_message_limits(max_message_bytes)]
        self.server = grpc.aio.server(interceptors=[telemetry], options=options)
        self._telemetry = telemetry
        self._settings = settings
        self._field = field
        self._health = HealthServicer()
        self._services: tuple[str, ...] = ()

    async def start(self, *services: str, pool: DescriptorPool | None = None) -> None:
        """Serve; health and reflection name these services. PortTakenError names the setting."""
        self._services = services
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection((*services, health_name, reflection.SERVICE_NAME), self.server, pool)
        port: int = getattr(self._settings, self._field)
        try:
            self.server.add_insecure_port(f"{self._settings.host}:{port}")
        except RuntimeError:
            raise PortTakenError(variable(self._field), self._settings.host, port) from None
        await self.server.start()
        for name in (*services, ""):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float) -> None:
        """NOT_SERVING, then new calls are refused, then wait for the running ones at most ``grace_s``.

        gRPC itself cuts off calls that arrive while it stops, so clients get a clean refusal for a moment before.
        """
        await self._health.enter_graceful_shutdown()
        self._telemetry.draining = True
        if self._telemetry.stage is not None:
            await asyncio.sleep(min(LINGER_S, grace_s))
        await self.server.stop(grace_s)


class Runtime:
    """What a service builds upon."""

    def __init__(self, name: str, settings: Settings, telemetry: Telemetry) -> None:
        self.name = name
        self.settings = settings
        self.telemetry = telemetry
        self.tracer = telemetry.tracer_provider.get_tracer(attributes.NAMESPACE)
        self.meter = telemetry.meter_provider.get_meter(attributes.NAMESPACE)
        self.stages = Stages(self.tracer)
        self.draining = asyncio.Event()
        self._servers: list[GrpcServer] = []
        self._channels: list[grpc.aio.Channel] = []

    def grpc_server(self, field: str, *, stage: StageMethod | None = None) -> GrpcServer:
        """A server for the port that the settings field names, not started yet."""
        settings = self.settings
        telemetry = ServerTelemetry(
            self.tracer,
            self.meter,
            address=settings.host,
            port=getattr(settings, field),
            stage=stage,
            stages=self.stages,
            max_concurrent=settings.max_concurrent_requests,
        )
        factor = 1 if stage is not None and stage.edge else INNER_MESSAGE_FACTOR
        server = GrpcServer(telemetry, settings, field, settings.max_request_bytes * factor)
        self._servers.append(server)
        return server

    def channel(self, service: str) -> grpc.aio.Channel:
        """A traced channel to ``web``, ``preprocess``, ``inference`` or ``qoa``; closed when the service ends."""
        target = self.settings.target(service)
        side = ClientSide(self.tracer, self.meter, target, STAGE_METHODS)
        options = _message_limits(self.settings.max_request_bytes * INNER_MESSAGE_FACTOR)
        channel = grpc.aio.insecure_channel(target, options=options, interceptors=side.interceptors())
        self._channels.append(channel)
        return channel

    async def drain(self) -> None:
        """Take no new work and finish what was accepted, within the drain timeout."""
        self.draining.set()
        await asyncio.gather(*(server.stop(self.settings.drain_timeout_s) for server in self._servers))

    async def close(self) -> None:
        """Close what is still open."""
        await asyncio.gather(*(server.server.stop(None) for server in self._servers))
        await asyncio.gather(*(channel.close() for channel in self._channels))


def _message_limits(size: int) -> list[tuple[str, int]]:
    # Room for the few bytes around a payload that is just within the limit.
    return [("grpc.max_receive_message_length", size + 65536), ("grpc.max_send_message_length", -1)]


Build = Callable[[Runtime], AbstractAsyncContextManager[None]]


def run_service(name: str, build: Build) -> int:
    """Run one service until SIGTERM or SIGINT; the exit code of the process.

    ``async with build(runtime)`` is the service being ready. A StartupError while it is built is one line on stderr and
    exit code 1. The first signal drains, flushes and returns 0; a second one ends the process at once.
    """
    try:
        settings = load_settings()
        set_up_logs(name, settings.log_level)
        return uvloop.run(_live(name, settings, build))
    except StartupError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)  # noqa: T201  # for the person who started it
        return 1


async def _live(name: str, settings: Settings, build: Build) -> int:
    stopping = _stop_signal()
    telemetry = make_telemetry(name, settings)
    telemetry.install()
    runtime = Runtime(name, settings, telemetry)
    try:
        async with build(runtime):
            _spare_the_collector()
            logger.info("%s is ready", name)
            await stopping.wait()
            logger.info("%s drains", name)
            await runtime.drain()
    finally:
        await runtime.close()
        await asyncio.to_thread(telemetry.shutdown)
    logger.info("%s has stopped", name)
    return 0


def _spare_the_collector() -> None:
    """What was built stays; of the rest little is cyclic, and Python looks for cycles every 700 objects by default."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()

    def on_signal(number: int) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    return stopping
