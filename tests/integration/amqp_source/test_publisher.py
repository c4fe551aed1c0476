"""A message is published when its own confirm has come, not that of another."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pika.spec import BasicProperties

from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.connection import connect_as
from hallmark_qoa.sources.amqp.failure import EndedError
from hallmark_qoa.sources.amqp.publisher import Outgoing, Publisher
from tests.support.amqp import channel_of, ready, restore_topology, taken
from tests.support.parts import Broker
from tests.support.waiting import until

MESSAGE = Outgoing("hallmark.events", "critical.a.b", b"good", BasicProperties(), mandatory=True)


@pytest.fixture
async def publisher(broker: Broker) -> AsyncIterator[Publisher]:
    settings = Settings(**broker.settings_of_engine())  # type: ignore[arg-type]
    opened = Publisher(lambda: connect_as(settings, "test", 5.0), lambda _reason: None)
    yield opened
    await opened.close(1.0)


async def test_each_message_is_confirmed(broker: Broker, publisher: Publisher) -> None:
    for _ in range(3):
        await publisher.publish(MESSAGE)
    assert len(taken(broker, "events")) == 3


async def test_confirm_of_a_message_that_was_given_up_is_not_that_of_the_next(
    broker: Broker, publisher: Publisher
) -> None:
    await publisher.publish(MESSAGE)
    given_up = asyncio.create_task(publisher.publish(MESSAGE))
    for _ in range(3):  # turns in which it is written to the socket
        await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    # Blocks the event loop: the confirm has come by then, and is read only together with that of the next message.
    until(lambda: ready(broker, "events") == 2)
    try:
        with channel_of(broker) as channel:
            channel.queue_unbind("events", "hallmark.events", "#")
        with pytest.raises(EndedError, match="no queue is bound to it"):
            await publisher.publish(MESSAGE)
    finally:
        restore_topology(broker)
    await publisher.publish(MESSAGE)
