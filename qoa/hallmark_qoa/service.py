"""The QoA engine as a service: OTLP in, records out."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from opentelemetry.metrics import Meter

from hallmark.qoa.v1.qoa_pb2_grpc import add_QoaServiceServicer_to_server
from hallmark_common.lock import only_one
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings, windows_in
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.engine import Engine
from hallmark_qoa.events.follower import LOOK_S, Follower
from hallmark_qoa.events.sinks import event_sinks
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.judge.backlog import Patience
from hallmark_qoa.judge.telemetry import JudgingTelemetry
from hallmark_qoa.judging import Judging
from hallmark_qoa.servicer import QoaServicer
from hallmark_qoa.sources.amqp.source import AmqpSource
from hallmark_qoa.sources.base import Source
from hallmark_qoa.sources.otlp.grpc import OtlpGrpcSource
from hallmark_qoa.sources.otlp.http import OtlpHttpSource
from hallmark_qoa.stores.base import Store
from hallmark_qoa.stores.open import open_store
from hallmark_qoa.truth.truths import Truths
from hallmark_qoa.watch import VerdictWatchers, Watchers
from hallmark_qoa.windows.progress import BEAT_NS

logger = logging.getLogger(__name__)

TICK_S = 0.25
RETENTION_INTERVAL_S = 60.0
TURN_S = 0.5


@contextlib.asynccontextmanager
async def qoa_service(runtime: Runtime) -> AsyncIterator[None]:
    """Everything that the service consists of; ready inside, drained on the way out."""
    settings = runtime.settings
    watchers = Watchers(settings.qoa_watch_queue_size)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(only_one("engine", settings.state_dir))
        store = await open_store(
            url=settings.qoa_store_url,
            state_dir=settings.state_dir,
            engine=settings.qoa_engine_name,
            password_file=settings.qoa_store_password_file,
            base_s=windows_in(settings.qoa_windows)[0],
            horizon_ns=int(settings.qoa_horizon_s * 1e9),
        )
        stack.push_async_callback(store.close)
        engine = _engine(settings, store, watchers)
        engine.counters.observe(runtime.meter)
        judging = Judging(settings, store, lambda: engine.latest_event_ns)
        stack.push_async_callback(judging.close)
        changes = VerdictWatchers(settings.qoa_watch_queue_size)
        follower = await Follower.begin(store, changes)
        teller = Teller(store, event_sinks(settings))
        teller.counters.observe(runtime.meter)
        teller.start()
        stack.push_async_callback(teller.stop, settings.drain_timeout_s)
        truths = Truths(store, wait_s=settings.qoa_truth_wait_s, clock_ns=time.time_ns)
        truths.counters.observe(runtime.meter)
        patience = Patience(int(settings.qoa_lateness_s * 1e9), int(settings.qoa_quiet_s * 1e9))
        telemetry = JudgingTelemetry(judging, store, patience, untold=lambda: teller.waiting, now_ns=time.time_ns)
        telemetry.observe(runtime.meter)
        await engine.start()
        sources = _sources(settings, engine, truths, runtime.meter)
        # Run backwards at the end: take nothing new, store what waits for more, acknowledge that, leave.
        for source in sources:
            stack.push_async_callback(source.stop, settings.drain_timeout_s)
        stack.push_async_callback(truths.drain)
        stack.push_async_callback(engine.drain)
        for interval_s, work in (
            (TICK_S, engine.tick),
            (TURN_S, judging.turn),
            (BEAT_NS / 1e9, judging.beat),
            (LOOK_S, follower.look),
            (settings.metric_export_interval_s, telemetry.look),
            (RETENTION_INTERVAL_S, lambda: _remove_old(engine, truths, judging, settings)),
        ):
            stack.push_async_callback(_stopped, asyncio.create_task(_every(interval_s, work)))
        for source in sources:
            await source.start()
            stack.push_async_callback(source.take_no_more, settings.drain_timeout_s)
        server = runtime.grpc_server("qoa_port")
        add_QoaServiceServicer_to_server(QoaServicer(store, watchers, changes, judging, truths), server.server)
        # A watch never ends by itself, so the drain must end it before it waits for running calls.
        stack.push_async_callback(_stopped, asyncio.create_task(_end_when(runtime.draining, watchers, changes)))
        await server.start("hallmark.qoa.v1.QoaService")
        yield


def _engine(settings: Settings, store: Store, watchers: Watchers) -> Engine:
    assembler = Assembler(idle_timeout_s=settings.qoa_idle_timeout_s, max_pending_spans=settings.qoa_max_pending_spans)
    return Engine(store, assembler, watchers, clock=time.monotonic)


def _sources(settings: Settings, engine: Engine, truths: Truths, meter: Meter) -> list[Source]:
    sources: list[Source] = []
    if "otlp" in settings.qoa_sources:
        sources += [OtlpGrpcSource(settings, engine), OtlpHttpSource(settings, engine)]
    if "amqp" in settings.qoa_sources:
        amqp = AmqpSource(settings, engine, truths)
        amqp.counters.observe(meter)
        sources.append(amqp)
    return sources


async def _remove_old(engine: Engine, truths: Truths, judging: Judging, settings: Settings) -> None:
    await engine.remove_before(time.time_ns() - int(settings.qoa_retention_s * 1e9))
    if settings.qoa_retention_bytes:
        await engine.remove_beyond(settings.qoa_retention_bytes)
    await truths.remove_waiting()
    await judging.remove_old()


async def _every(interval_s: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            logger.exception("work that is done every %s s failed; it is tried again", interval_s)
        await asyncio.sleep(interval_s)


async def _end_when(draining: asyncio.Event, *following: Watchers | VerdictWatchers) -> None:
    await draining.wait()
    for each in following:
        each.end()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
