"""The identity of one prediction.

The service where a request enters names the prediction ``<trace id>-<span id of its stage span>`` and passes name and
consumer on as W3C baggage; every span of the request carries both as attributes (:class:`IdentityProcessor`).
"""

import string
from dataclasses import dataclass

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from hallmark_common import attributes
from hallmark_common.errors import invalid, shown

_CONSUMER_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation + " ") - set(',;"\\')
MAX_CONSUMER = 128


@dataclass(frozen=True, slots=True)
class Prediction:
    """Which prediction a piece of work belongs to."""

    id: str
    trace_id: str
    consumer: str


def current_prediction() -> Prediction | None:
    """The prediction that the running code works for, None outside of any."""
    return prediction_in(context.get_current())


def prediction_in(ctx: Context) -> Prediction | None:
    """The prediction that a context belongs to."""
    name = baggage.get_baggage(attributes.PREDICTION, ctx)
    if not isinstance(name, str):
        return None
    consumer = baggage.get_baggage(attributes.CONSUMER, ctx)
    return Prediction(name, name.partition("-")[0], consumer if isinstance(consumer, str) else attributes.ANONYMOUS)


def begin_prediction(span: trace.Span, consumer: str, ctx: Context) -> Context:
    """Name a prediction after the span at which its request enters; the context to go on in."""
    identity = span.get_span_context()
    name = f"{identity.trace_id:032x}-{identity.span_id:016x}"
    span.set_attribute(attributes.PREDICTION, name)
    span.set_attribute(attributes.CONSUMER, consumer)
    return baggage.set_baggage(attributes.CONSUMER, consumer, baggage.set_baggage(attributes.PREDICTION, name, ctx))


def without_claims(ctx: Context) -> Context:
    """The context without any ``hallmark.*`` baggage: what a client outside claims is not believed."""
    for key in baggage.get_all(ctx):
        if key.startswith(attributes.NAMESPACE + "."):
            ctx = baggage.remove_baggage(key, ctx)
    return ctx


def valid_consumer(claimed: str | None) -> str:
    """The consumer that a request names, ``anonymous`` for none; INVALID_ARGUMENT for one that cannot be a name."""
    if not claimed:
        return attributes.ANONYMOUS
    if len(claimed) > MAX_CONSUMER or not _CONSUMER_CHARACTERS.issuperset(claimed) or claimed != claimed.strip():
        expected = f'1 to {MAX_CONSUMER} printable ASCII characters without , ; " \\ and outer spaces'
        raise invalid(attributes.CONSUMER_KEY, expected, shown(claimed))
    return claimed


class IdentityProcessor(SpanProcessor):
    """Puts prediction and consumer on every span of a request."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy both from the baggage of the context that the span starts in."""
        found = prediction_in(context.get_current() if parent_context is None else parent_context)
        if found is not None:
            span.set_attributes({attributes.PREDICTION: found.id, attributes.CONSUMER: found.consumer})

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing to do."""
