"""Timing: what a stage did itself and what it waited for, from the spans below it. Pure."""

from collections.abc import Collection, Iterable, Mapping

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common import attributes
from hallmark_qoa.facts import CLIENT, INTERNAL, SpanFacts
from hallmark_qoa.flow import UNKNOWN
from hallmark_qoa.measures import Facts

NS_PER_MS = 1e6


def add_stages(
    record: QualityRecord, stages: Iterable[tuple[SpanFacts, Facts]], spans: Mapping[str, SpanFacts], started_ns: int
) -> None:
    """The stages, each with what it says, with their own time and steps; starts are relative to ``started_ns``.

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
    for span, facts in stages:
        stage = record.stages.add()
        stage.name = span.stage
        stage.duration_ms = (span.end_ns - span.start_ns) / NS_PER_MS
        stage.self_ms = self_ns(span, calls.get(span.span_id, ())) / NS_PER_MS
        stage.start_ms = (span.start_ns - started_ns) / NS_PER_MS
        stage.status = str(facts.get(attributes.STATUS, UNKNOWN))
        stage.span_id = span.span_id
        cpu_ms = facts.get(attributes.CPU_MS)
        if isinstance(cpu_ms, float) and cpu_ms >= 0:
            stage.cpu_ms = cpu_ms
        for below in sorted(steps[span.span_id], key=_by_start) if span.span_id in steps else ():
            step = stage.steps.add()
            step.name = below.name
            step.start_ms = (below.start_ns - started_ns) / NS_PER_MS
            step.duration_ms = (below.end_ns - below.start_ns) / NS_PER_MS


def self_ns(stage: SpanFacts, calls: Collection[SpanFacts]) -> int:
    """Duration of a stage minus the union of its calls, each clipped to the stage; in nanoseconds, never negative."""
    left = stage.end_ns - stage.start_ns
    if not calls:
        return left
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


def _by_start(span: SpanFacts) -> tuple[int, int, str]:
    return span.start_ns, span.end_ns, span.span_id
