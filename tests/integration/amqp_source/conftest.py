"""A RabbitMQ for these tests, and sources that read from it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.source import AmqpSource
from hallmark_qoa.sources.base import Sink
from tests.support.amqp import empty, eventually
from tests.support.parts import Broker, new_site

QUICK = Pace(first_s=0.05, longest_s=0.2, refused_s=0.1, stalled_s=0.3)

StartSource = Callable[..., Awaitable[AmqpSource]]


@pytest.fixture(scope="session")
def running_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One RabbitMQ for all tests here."""
    with Broker(new_site(tmp_path_factory.mktemp("broker"))) as broker:
        yield broker


@pytest.fixture
def broker(running_broker: Broker) -> Broker:
    """The same, emptied."""
    empty(running_broker)
    return running_broker


@pytest.fixture
async def start_source(broker: Broker) -> AsyncIterator[StartSource]:
    """Starts sources, which are stopped at the end."""
    sources: list[AmqpSource] = []

    async def start(
        sink: Sink, *, port: int | None = None, waits: bool = True, pace: Pace = QUICK, **settings: Any
    ) -> AmqpSource:
        chosen = {"qoa_shards": "0-1", **broker.settings_of_engine(port=port), **settings}
        source = AmqpSource(Settings(**chosen), sink, pace=pace)
        sources.append(source)
        await source.start()
        if waits:
            await eventually(lambda: source.counters.queues == 4, "all four queues are consumed")
        return source

    yield start
    await asyncio.gather(*(source.stop(1.0) for source in sources))
