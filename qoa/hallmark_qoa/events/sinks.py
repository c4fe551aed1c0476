"""Which sinks changes of verdicts are told to."""

from hallmark_common.settings import Settings
from hallmark_qoa.events.amqp import AmqpEvents
from hallmark_qoa.events.base import EventSink
from hallmark_qoa.events.webhook import Webhook


def event_sinks(settings: Settings) -> list[EventSink]:
    """RabbitMQ where spans come from it, the webhook where there is one; StartupError where a setting is unusable."""
    sinks: list[EventSink] = []
    if "amqp" in settings.qoa_sources:
        sinks.append(AmqpEvents(settings))
    if settings.qoa_webhook_url:
        sinks.append(Webhook(settings.qoa_webhook_url))
    return sinks
