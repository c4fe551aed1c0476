"""Changes of verdicts to RabbitMQ's exchange ``hallmark.events``."""

import logging

from pika.spec import BasicProperties

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_common.settings import Settings
from hallmark_qoa.events.base import SinkName, UntoldError
from hallmark_qoa.events.cloudevent import CONTENT_TYPE, cloud_event, event_type
from hallmark_qoa.events.routing import routing_key
from hallmark_qoa.sources.amqp.connection import connect_as
from hallmark_qoa.sources.amqp.failure import EndedError
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.publisher import Outgoing, Publisher
from hallmark_qoa.sources.amqp.settings import address

logger = logging.getLogger(__name__)

EXCHANGE = "hallmark.events"


class AmqpEvents:
    """A :class:`hallmark_qoa.events.base.EventSink`: topics of :mod:`hallmark_qoa.events.routing`, each confirmed."""

    name: SinkName = "amqp"
    max_behind = None

    def __init__(self, settings: Settings, pace: Pace | None = None) -> None:
        """StartupError where the settings cannot be used."""
        self._pace = pace or Pace()
        self.place = f"RabbitMQ at {address(settings)}, exchange {EXCHANGE}"
        self._publisher = Publisher(lambda: connect_as(settings, "events", self._pace.connect_s), _say_blocked)

    async def tell(self, change: VerdictChange) -> None:
        """See the protocol. That nobody has subscribed to it is fine."""
        try:
            await self._publisher.publish(message_of(change))
        except EndedError as error:
            raise UntoldError(error.end.text, refused=error.end.refused) from None

    async def close(self) -> None:
        """See the protocol."""
        await self._publisher.close(self._pace.close_s)


def message_of(change: VerdictChange) -> Outgoing:
    """The message, in structured mode (CloudEvents AMQP Protocol Binding 1.0.2, section 3.2)."""
    properties = BasicProperties(
        content_type=CONTENT_TYPE,
        delivery_mode=2,
        message_id=change.id,
        type=event_type(change),
        app_id="hallmark-qoa",
    )
    return Outgoing(EXCHANGE, routing_key(change.verdict), cloud_event(change), properties, mandatory=False)


def _say_blocked(reason: str) -> None:
    logger.warning("RabbitMQ takes no messages for now (%s); changes of verdicts wait", reason)
