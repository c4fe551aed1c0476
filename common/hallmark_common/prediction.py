"""The identity of one prediction, and the span that is a stage of it.

The service where a request enters names the prediction ``<trace id>-<span id of its stage span>`` and passes name and
consumer on as W3C baggage; every span of the request carries both as attributes (:class:`IdentityProcessor`).
"""

import logging
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from hallmark_common import attributes
from hallmark_common.errors import as_hallmark_error, invalid, shown

logger = logging.getLogger(__name__)

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


@contextmanager
def stage_span(
    tracer: trace.Tracer,
    name: str,
    stage: str,
    consumer: str,
    *,
    parent: Context | None = None,
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
) -> Iterator[trace.Span]:
    """Start a span that is a stage of a new prediction, make it current, and record how it ended.

    For an entry that is not one gRPC call, such as an HTTP request or a message of a stream.
    """
    ctx = without_claims(context.get_current() if parent is None else parent)
    span = tracer.start_span(name, ctx, kind, attributes={attributes.STAGE: stage})
    token = context.attach(begin_prediction(span, consumer, trace.set_span_in_context(span, ctx)))
    try:
        yield span
        end_stage(span, grpc.StatusCode.OK)
    except BaseException as error:
        end_stage(span, *outcome_of(error))
        raise
    finally:
        context.detach(token)
        span.end()


def outcome_of(error: BaseException) -> tuple[grpc.StatusCode, str]:
    """Status and reason that an exception in a handler means; what is not an Exception is a cancellation."""
    known = as_hallmark_error(error)
    if known is not None:
        return known.code, known.reason
    if isinstance(error, Exception):
        return grpc.StatusCode.INTERNAL, "INTERNAL"
    return grpc.StatusCode.CANCELLED, "CANCELLED"


def end_stage(span: trace.Span, code: grpc.StatusCode, reason: str = "") -> None:
    """Record how a stage ended."""
    span.set_attribute(attributes.STATUS, code.name)
    if reason:
        span.set_attribute(attributes.REASON, reason)
    if code in SERVER_FAULTS:
        span.set_status(trace.StatusCode.ERROR)
    if code is not grpc.StatusCode.OK:
        logger.info("a prediction ended %s, reason %s", code.name, reason or "not given")


SERVER_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""Codes that make a SERVER span an error (OpenTelemetry semantic conventions for gRPC); on a CLIENT span every code
but OK does."""


class IdentityProcessor(SpanProcessor):
    """Puts prediction and consumer on every span of a request."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy both from the baggage of the context that the span starts in."""
        found = prediction_in(context.get_current() if parent_context is None else parent_context)
        if found is not None:
            span.set_attributes({attributes.PREDICTION: found.id, attributes.CONSUMER: found.consumer})

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing to do."""
