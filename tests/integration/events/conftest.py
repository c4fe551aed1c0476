"""A RabbitMQ of these tests' own, which they break."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from hallmark_common.settings import Settings
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.amqp import channel_of, empty
from tests.support.parts import Broker, new_site
from tests.support.records import NOW_NS


@dataclass
class Subscriber:
    """Who listens to topics, on a queue of its own."""

    channel: BlockingChannel
    queue: str
    properties: list[pika.BasicProperties] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def told(self) -> list[int]:
        """Numbers of the changes that have come by now, in order."""
        while (got := self.channel.basic_get(self.queue, auto_ack=True))[0] is not None:
            method, properties, body = got
            self.keys.append(method.routing_key)
            self.properties.append(properties)
            self.bodies.append(body)
        return [int(properties.message_id, 16) for properties in self.properties]


@contextmanager
def subscribed(broker: Broker, *topics: str) -> Iterator[Subscriber]:
    """A subscriber to topics."""
    with channel_of(broker) as channel:
        queue = str(channel.queue_declare("", exclusive=True).method.queue)
        for topic in topics:
            channel.queue_bind(queue, "hallmark.events", topic)
        yield Subscriber(channel, queue)


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
def settings(broker: Broker) -> Settings:
    """What an engine is told of it."""
    chosen: dict[str, Any] = broker.settings_of_engine()
    return Settings(**chosen)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store."""
    opened = await SqliteStore.open(tmp_path / "qoa.sqlite3", lambda: NOW_NS)
    yield opened
    await opened.close()
