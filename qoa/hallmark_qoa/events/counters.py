"""What became of every change of a verdict: readable here, and observed by the meter."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hallmark_common import attributes
from hallmark_qoa.events.base import SinkName

Outcome = Literal["told", "failed", "given_up"]


class EventCounters:
    """Counts since the start of the engine."""

    def __init__(self) -> None:
        self.events: Counter[tuple[Outcome, SinkName]] = Counter()
        """By outcome and sink; ``failed`` counts tries, after each of which it is tried again."""

    def observe(self, meter: Meter) -> None:
        """Make a counter of the meter that follows these."""
        metric = attributes.METRICS[attributes.METRIC_QOA_EVENTS]
        meter.create_observable_counter(metric.name, [self._observations], metric.unit, metric.description)

    def _observations(self, _options: CallbackOptions) -> Iterable[Observation]:
        # A copy, as the meter reads from a thread of its own.
        for (outcome, sink), count in self.events.copy().items():
            yield Observation(count, {"outcome": outcome, "sink": sink})
