"""The span that is a stage of a prediction: how it starts, and everything that it says when it ends."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan

from hallmark_common import attributes
from hallmark_common.cost import CpuShares
from hallmark_common.errors import as_hallmark_error
from hallmark_common.keep.rule import KeepRules
from hallmark_common.keep.samples import Ended
from hallmark_common.prediction import begin_prediction, without_claims

logger = logging.getLogger(__name__)

_KEY = context.create_key("hallmark-stage")

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


@dataclass(slots=True)
class Stages:
    """What all stages in one process share; ``rules`` may be replaced at any time."""

    tracer: trace.Tracer
    shares: CpuShares = field(default_factory=CpuShares)
    rules: KeepRules = field(default_factory=KeepRules)

    def begin(self, span: trace.Span, stage: str) -> "Stage":
        """Make a span that has just started the stage of a prediction; to be ended once."""
        span.set_attribute(attributes.STAGE, stage)
        return Stage(self, span)

    @contextmanager
    def span(
        self,
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
        span = self.tracer.start_span(name, ctx, kind)
        begun = self.begin(span, stage)
        inside = begun.within(trace.set_span_in_context(span, ctx))
        token = context.attach(begin_prediction(span, consumer, inside))
        try:
            yield span
            begun.end(grpc.StatusCode.OK)
        except BaseException as error:
            begun.end(*outcome_of(error))
            raise
        finally:
            context.detach(token)
            span.end()


class Stage:
    """One stage from begin to end. Where its span is not recorded, nothing is measured either."""

    __slots__ = ("_begun", "_span", "_stages", "called_s")

    def __init__(self, stages: Stages, span: trace.Span) -> None:
        self.called_s = 0.0
        """Time that its calls of other stages took."""
        self._stages = stages
        self._span = span
        self._begun = stages.shares.begin() if span.is_recording() else None

    def within(self, ctx: Context) -> Context:
        """The context for what the stage does, so that it hears of its calls."""
        return context.set_value(_KEY, self, ctx)

    def end(self, code: grpc.StatusCode, reason: str = "") -> None:
        """Record how it ended, what it cost, and whether its trace is to be kept; the span itself goes on."""
        span = self._span
        span.set_attribute(attributes.STATUS, code.name)
        if reason:
            span.set_attribute(attributes.REASON, reason)
        if code in SERVER_FAULTS:
            span.set_status(trace.StatusCode.ERROR)
        if self._begun is not None:
            span.set_attribute(attributes.CPU_MS, self._stages.shares.end(self._begun))
        if isinstance(span, ReadableSpan) and self._is_evidence(span):
            span.set_attribute(attributes.KEEP, True)
        if code is not grpc.StatusCode.OK:
            logger.info("a prediction ended %s, reason %s", code.name, reason or "not given")

    def _is_evidence(self, span: ReadableSpan) -> bool:
        facts = span.attributes or {}
        rules = self._stages.rules.find(facts)
        if not rules:
            return False
        duration_s = (time.time_ns() - (span.start_time or 0)) / 1e9
        ended = Ended(facts, duration_s, duration_s - self.called_s)
        return any(rule.is_broken_by(ended) for rule in rules)


def stage_in(ctx: Context) -> Stage | None:
    """The stage that a context belongs to."""
    found = context.get_value(_KEY, ctx)
    return found if isinstance(found, Stage) else None


def outcome_of(error: BaseException) -> tuple[grpc.StatusCode, str]:
    """Status and reason that an exception in a handler means; what is not an Exception is a cancellation."""
    known = as_hallmark_error(error)
    if known is not None:
        return known.code, known.reason
    if isinstance(error, Exception):
        return grpc.StatusCode.INTERNAL, "INTERNAL"
    return grpc.StatusCode.CANCELLED, "CANCELLED"
