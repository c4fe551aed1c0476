"""What became of every truth that was told: readable here, and observed by the meter."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hallmark_common import attributes

Way = Literal["grpc", "amqp", ""]
"""How a truth came: over gRPC, which the command and web use too, or AMQP; empty for what time did."""


class TruthCounters:
    """Counts since the start of the engine."""

    def __init__(self) -> None:
        self.truths: Counter[tuple[str, Way]] = Counter()
        """By outcome (of :class:`hallmark.qoa.v1.qoa_pb2.TruthOutcome`; ``failed``, which are to be told again;
        ``removed``, whose prediction never came) and way."""

    def observe(self, meter: Meter) -> None:
        """Make a counter of the meter that follows these."""
        metric = attributes.METRICS[attributes.METRIC_QOA_TRUTHS]
        meter.create_observable_counter(metric.name, [self._observations], metric.unit, metric.description)

    def _observations(self, _options: CallbackOptions) -> Iterable[Observation]:
        # A copy, as the meter reads from a thread of its own.
        for (outcome, way), count in self.truths.copy().items():
            yield Observation(count, {"outcome": outcome, "source": way})
