"""What became of everything that the engine received: readable here, and observed by the meter."""

from collections import Counter
from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hallmark_common import attributes


class Counters:
    """Counts since the start of the engine, by name of the outcome."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()
        """``received`` and ``replayed`` (from the journal after a crash); of these ``skipped.<reason>``, ``duplicate``,
        ``conflict`` (one of two with the same id was dropped), ``over_cap`` and ``stored`` (in a record for the first
        time); all others wait. ``clipped.<reason>`` counts values, not spans."""
        self.waiting: dict[str, Callable[[], int]] = {}
        """What tells how much waits at the moment, by the name of its metric."""
        self.records: Counter[str] = Counter()
        """``stored``, of these ``incomplete`` (not all stages were there); ``updated``, ``unchanged``, ``evicted``,
        ``removed`` (by retention), ``failed`` (tried again)."""
        self.other: Counter[str] = Counter()
        """Metrics and log records that were accepted, and are kept by nobody here."""

    def observe(self, meter: Meter) -> None:
        """Make counters of the meter that follow these."""
        for name, unit, counts in (
            (attributes.METRIC_QOA_SPANS, "{span}", self.spans),
            (attributes.METRIC_QOA_RECORDS, "{record}", self.records),
            (attributes.METRIC_QOA_OTHER_SIGNALS, "{item}", self.other),
        ):
            meter.create_observable_counter(name, [_observer(counts)], unit, attributes.METRICS[name].description)
        for name, count in self.waiting.items():
            metric = attributes.METRICS[name]
            meter.create_observable_gauge(name, [_gauge(count)], metric.unit, metric.description)


def _observer(counts: Counter[str]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        # A copy, as the meter reads from a thread of its own.
        return [Observation(count, {"outcome": outcome}) for outcome, count in counts.copy().items()]

    return observe


def _gauge(count: Callable[[], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _options: [Observation(count())]
