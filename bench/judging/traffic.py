"""Predictions of several consumers and models, made of captured ones, as the collector sends them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.engine.traffic import SIX_SPANS, Captured, Made, captured
from hallmark_common import attributes

MODELS = {"flights": "flights", "flights-bad": "flights", "digits": "digits"}
"""Models, and whose predictions were captured for them: one with the same columns, one with images."""

CONSUMERS = tuple(f"consumer-{number}" for number in range(10))
PER_SERIES = 500
"""Different predictions of each consumer and model; after these they come again, under other ids and times."""

_SPREAD = 0.4
"""Standard deviation of the logarithm by which the times of a prediction are stretched."""

_DEGREES = 5.0
_TEMPERATURE = re.compile(r'(?<="temp":)-?[\d.]+')


def mixed(
    requests: Mapping[str, Iterable[ExportTraceServiceRequest]],
    consumers: Sequence[str],
    random: Random,
    *,
    models: Mapping[str, str] = MODELS,
    per_series: int = PER_SERIES,
) -> Captured:
    """Predictions of six spans of every consumer and model in turn; ``requests`` by the model that they are of.

    A hundred or so were captured of a model. So that a window has as many different times and rows as in earnest, each
    takes a time of its own, and its flight has a temperature of its own.
    """
    of_model = {model: captured(found, SIX_SPANS) for model, found in requests.items()}
    first: dict[str, int] = {}
    resources = []
    for model, found in of_model.items():
        first[model] = len(resources)
        resources += found.resources
    predictions = [
        _varied(random.choice(of_model[source].predictions), consumer, model, first[source], random)
        for _ in range(per_series)
        for consumer in consumers
        for model, source in models.items()
    ]
    return Captured(resources, predictions)


def first_of_each(found: Captured, series: int) -> Captured:
    """One prediction of each of so many consumers and models."""
    return Captured(found.resources, found.predictions[:series])


def _varied(made: Sequence[Made], consumer: str, model: str, first_resource: int, random: Random) -> list[Made]:
    start_ns = min(one.span.start_time_unix_nano for one in made)
    factor, degrees = random.lognormvariate(0, _SPREAD), random.gauss(0, _DEGREES)
    varied = []
    for one in made:
        span = Span()
        span.CopyFrom(one.span)
        _stretch(span, start_ns, factor)
        _rename(span, {attributes.CONSUMER: consumer, attributes.MODEL: model})
        _warm(span, degrees)
        varied.append(Made(first_resource + one.service, span))
    return varied


def _stretch(span: Span, start_ns: int, factor: float) -> None:
    span.start_time_unix_nano = start_ns + round(factor * (span.start_time_unix_nano - start_ns))
    span.end_time_unix_nano = start_ns + round(factor * (span.end_time_unix_nano - start_ns))


def _rename(span: Span, said: Mapping[str, str]) -> None:
    for pair in span.attributes:
        if pair.key in said:
            pair.value.string_value = said[pair.key]


def _warm(span: Span, degrees: float) -> None:
    for pair in span.attributes:
        if pair.key == attributes.DATA_VALUES:
            for row in pair.value.array_value.values:
                row.string_value = _TEMPERATURE.sub(lambda found: f"{float(found[0]) + degrees:.2f}", row.string_value)
