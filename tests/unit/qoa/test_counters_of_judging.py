"""Truths and events are counted by an instrument each, with what became of them and how they came or went."""

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from hallmark_common import attributes
from hallmark_qoa.events.counters import EventCounters
from hallmark_qoa.truth.counters import TruthCounters


def read(counters: Any) -> tuple[str, dict[tuple[str, ...], int]]:
    """Name of the instrument, and its counts by the values of their attributes."""
    reader = InMemoryMetricReader()
    counters.observe(MeterProvider([reader]).get_meter("test"))
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    return metric.name, {tuple(map(str, point.attributes.values())): point.value for point in metric.data.data_points}


def test_truths() -> None:
    counters = TruthCounters()
    counters.truths.update({("joined", "grpc"): 3, ("removed", ""): 1})
    assert read(counters) == (attributes.METRIC_QOA_TRUTHS, {("joined", "grpc"): 3, ("removed", ""): 1})


@pytest.mark.parametrize("outcome", ["told", "failed", "given_up"])
def test_events(outcome: Any) -> None:
    counters = EventCounters()
    counters.events[outcome, "webhook"] += 2
    name, counts = read(counters)
    assert (name, counts) == (attributes.METRIC_QOA_EVENTS, {(outcome, "webhook"): 2})
    assert outcome in attributes.METRICS[name].by
