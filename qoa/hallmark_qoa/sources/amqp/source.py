"""RabbitMQ: what the collector has put into the queues of this engine's shards."""

import asyncio
import contextlib
import logging
import random

from hallmark_common.settings import Settings, shards_in
from hallmark_qoa.sources.amqp.connection import Connection, connect_as
from hallmark_qoa.sources.amqp.consumer import Consumption, QueueConsumer
from hallmark_qoa.sources.amqp.counters import AmqpCounters
from hallmark_qoa.sources.amqp.dead import DeadLetters
from hallmark_qoa.sources.amqp.failure import End, EndedError
from hallmark_qoa.sources.amqp.intake import UNROUTED, Intake, Use
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.settings import address, connection_parameters
from hallmark_qoa.sources.amqp.telemetry import TelemetryMessages
from hallmark_qoa.sources.amqp.turns import Turns
from hallmark_qoa.sources.base import Sink
from hallmark_qoa.sources.feedback import FEEDBACK, FeedbackMessages
from hallmark_qoa.truth.truths import Truths

logger = logging.getLogger(__name__)

METRICS = "metrics"


class AmqpSource:
    """A :class:`hallmark_qoa.sources.base.Source` that consumes queues, by the running event loop.

    A broker that is not there, goes away or does not want us is waited for: that is never an error of ``start``.
    """

    def __init__(
        self, settings: Settings, sink: Sink, truths: Truths | None = None, *, pace: Pace | None = None
    ) -> None:
        """Spans go to ``sink``; truths are consumed too where somebody takes them."""
        self.counters = AmqpCounters()
        self._settings = settings
        self._pace = pace or Pace()
        self._connection: Connection | None = None
        self._running: asyncio.Task[None] | None = None
        self._said = ""
        self._dead_letters = DeadLetters(lambda: self._connect("dead letters"), self._pace)
        self._turns = Turns()
        telemetry = TelemetryMessages(sink, settings.max_request_bytes)
        shards = [f"spans.{shard:02}" for shard in shards_in(settings.qoa_shards)]
        self._consumers = self._consuming(telemetry.use, *shards, METRICS, UNROUTED)
        if truths is not None:
            self._consumers += self._consuming(FeedbackMessages(truths, settings.max_request_bytes).use, FEEDBACK)

    async def start(self) -> None:
        """Begin to consume as soon as RabbitMQ lets us; StartupError where the settings cannot be used."""
        connection_parameters(self._settings, "")
        self._running = asyncio.create_task(self._run())

    async def stop(self, grace_s: float) -> None:
        """See the protocol; messages that are not done stay in their queues for the next engine.

        It does not wait for all of ``grace_s`` where nothing makes progress: a batch of which a prediction waits for
        other spans would wait for what this engine takes no more.
        """
        if self._running is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.take_no_more(grace_s)
                await self._settle()
        await self._close()

    async def take_no_more(self, grace_s: float) -> None:
        """See the protocol; the queues go to the next engine at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await asyncio.gather(*(consumer.unsubscribe() for consumer in self._consumers), return_exceptions=True)

    def _consuming(self, use: Use, *queues: str) -> list[QueueConsumer]:
        intake = Intake(use, self._dead_letters, self.counters, self._pace)
        how = Consumption(intake.take, self._settings.qoa_prefetch, self.counters, self._pace, self._turns)
        return [QueueConsumer(queue, how) for queue in queues]

    async def _settle(self) -> None:
        while tasks := {task for consumer in self._consumers for task in consumer.under_way}:
            done, _ = await asyncio.wait(tasks, timeout=self._pace.stalled_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                return

    async def _close(self) -> None:
        assert self._running is not None
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        if self._connection is not None:
            await self._connection.close(self._pace.close_s)
        await self._dead_letters.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun_s = loop.time()
            try:
                end = await self._live()
            except EndedError as error:
                self.counters.connections["failed"] += 1
                end = error.end
            except Exception:
                logger.exception("the AMQP source failed; it begins anew")
                end = End("the source failed")
                if self._connection is not None:
                    await self._connection.abort()
            self._say_waiting(end)
            failures = self._pace.failures(failures, loop.time() - begun_s)
            await asyncio.sleep(self._pace.retry_s(failures, random.random(), refused=end.refused))

    async def _live(self) -> End:
        """Consume over one connection; EndedError where there is none."""
        self._connection = await self._connect("consume")
        self._say_connected()
        self.counters.connections["opened"] += 1
        self.counters.connected = 1
        try:
            async with asyncio.TaskGroup() as group:
                for consumer in self._consumers:
                    group.create_task(consumer.run(self._connection))
        finally:
            self.counters.connected = 0
        self.counters.connections["lost"] += 1
        return self._connection.closed.result()

    async def _connect(self, name: str) -> Connection:
        return await connect_as(self._settings, name, self._pace.connect_s)

    def _say_waiting(self, end: End) -> None:
        if end.text != self._said:
            logger.warning(
                "RabbitMQ at %s: %s; nothing is consumed meanwhile; it is tried again",
                address(self._settings),
                end.text,
            )
        self._said = end.text

    def _say_connected(self) -> None:
        logger.info("RabbitMQ at %s: connected, %d queues are consumed", address(self._settings), len(self._consumers))
        self._said = ""
