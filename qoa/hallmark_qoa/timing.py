"""Timing: what a stage did itself and what it waited for, from the spans below it. Pure."""

from collections.abc import Iterable, Mapping

from hallmark.qoa.v1.quality_pb2 import Stage, Step
from hallmark_qoa.facts import CLIENT, INTERNAL, SpanFacts
from hallmark_qoa.flow import status_of

NS_PER_MS = 1e6


def timed_stages(stages: Iterable[SpanFacts], spans: Mapping[str, SpanFacts], started_ns: int) -> list[Stage]:
    """The stages with their own time and their steps; starts are relative to ``started_ns``.

    A client span or step belongs to the nearest stage span above it in the same service. Where a stage called the
    next one several times (a retry), all calls count as time that was not its own.
    """
    calls: dict[str, list[SpanFacts]] = {}
    steps: dict[str, list[SpanFacts]] = {}
    for span in spans.values():
        if not span.stage and span.kind == INTERNAL:
            steps.setdefault(_owner(span, spans), []).append(span)
        elif span.calls and span.kind == CLIENT:
            calls.setdefault(_owner(span, spans), []).append(span)
    return [
        Stage(
            name=stage.stage,
            duration_ms=_ms(stage.end_ns - stage.start_ns),
            self_ms=_ms(self_ns(stage, calls.get(stage.span_id, ()))),
            start_ms=_ms(stage.start_ns - started_ns),
            status=status_of(stage),
            span_id=stage.span_id,
            steps=_steps(steps.get(stage.span_id, ()), started_ns),
        )
        for stage in stages
    ]


def self_ns(stage: SpanFacts, calls: Iterable[SpanFacts]) -> int:
    """Duration of a stage minus the union of its calls, each clipped to the stage; in nanoseconds, never negative."""
    left = stage.end_ns - stage.start_ns
    covered_until = stage.start_ns
    for start_ns, end_ns in sorted((call.start_ns, min(call.end_ns, stage.end_ns)) for call in calls):
        uncovered = end_ns - max(start_ns, covered_until)
        if uncovered > 0:
            left -= uncovered
            covered_until = end_ns
    return left


def _owner(span: SpanFacts, spans: Mapping[str, SpanFacts]) -> str:
    """Span id of the nearest stage above a span in the same service, empty for none."""
    above = spans.get(span.parent_id)
    for _ in range(len(spans)):  # parents may form a circle
        if above is None or above.service != span.service:
            return ""
        if above.stage:
            return above.span_id
        above = spans.get(above.parent_id)
    return ""


def _steps(spans: Iterable[SpanFacts], started_ns: int) -> list[Step]:
    ordered = sorted(spans, key=_by_start)
    return [
        Step(name=span.name, start_ms=_ms(span.start_ns - started_ns), duration_ms=_ms(span.end_ns - span.start_ns))
        for span in ordered
    ]


def _by_start(span: SpanFacts) -> tuple[int, int, str]:
    return span.start_ns, span.end_ns, span.span_id


def _ms(ns: int) -> float:
    return ns / NS_PER_MS
