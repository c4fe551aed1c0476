"""What became of everything that came over AMQP: readable here, and observed by the meter."""

from collections import Counter
from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hallmark_common import attributes

Callback = Callable[[CallbackOptions], Iterable[Observation]]


class AmqpCounters:
    """Counts since the start of the source, by name of the outcome, and what holds now."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        """``received``; of these ``redelivered`` and ``unrouted`` (caught by the alternate exchange); ``acknowledged``;
        of these ``dead_lettered.<reason>``; ``postponed``, each time that the engine could not take one."""
        self.connections: Counter[str] = Counter()
        """``opened``, ``failed`` (never opened) and ``lost`` (opened, and ended by others)."""
        self.connected = 0
        """1 while the connection that consumes is open."""
        self.queues = 0
        """Queues that are being consumed."""

    def observe(self, meter: Meter) -> None:
        """Make instruments of the meter that follow these."""
        for name, unit, counts in (
            (attributes.METRIC_AMQP_MESSAGES, "{message}", self.messages),
            (attributes.METRIC_AMQP_CONNECTIONS, "{connection}", self.connections),
        ):
            meter.create_observable_counter(name, [_each(counts)], unit, attributes.METRICS[name].description)
        for name, unit, value in (
            (attributes.METRIC_AMQP_CONNECTED, "1", lambda: self.connected),
            (attributes.METRIC_AMQP_QUEUES, "{queue}", lambda: self.queues),
        ):
            meter.create_observable_gauge(name, [_now(value)], unit, attributes.METRICS[name].description)


def _each(counts: Counter[str]) -> Callback:
    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        # A copy, as the meter reads from a thread of its own.
        return [Observation(count, {"outcome": outcome}) for outcome, count in counts.copy().items()]

    return observe


def _now(value: Callable[[], int]) -> Callback:
    return lambda _options: [Observation(value())]
