"""The quality summary as it leaves web: what preprocess and inference told, and web's own stage before them."""

from dataclasses import dataclass

from hallmark.qoa.v1.quality_pb2 import QualitySummary, Stage

MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Moments of one request at web, in seconds of :func:`time.perf_counter`."""

    started_s: float
    called_s: float
    answered_s: float

    @property
    def total_ms(self) -> float:
        """Time in web until the answer of preprocess was there."""
        return (self.answered_s - self.started_s) * MS_PER_S

    @property
    def call_ms(self) -> float:
        """Time that the call of preprocess took, network included."""
        return (self.answered_s - self.called_s) * MS_PER_S

    @property
    def before_call_ms(self) -> float:
        """Time in web before the call."""
        return (self.called_s - self.started_s) * MS_PER_S


def web_summary(inner: QualitySummary, timing: Timing, prediction_id: str, trace_id: str) -> QualitySummary:
    """The summary with web's stage first and every other start told from web's start.

    preprocess tells starts from its own. It began somewhere within the call; with as long a way there as back, as
    NTP assumes (RFC 5905, section 8), half of the part of the call that preprocess did not see lies before it.
    """
    summary = QualitySummary()
    summary.CopyFrom(inner)
    summary.prediction_id = prediction_id
    summary.trace_id = trace_id
    seen_ms = max((stage.duration_ms for stage in inner.stages), default=timing.call_ms)
    offset_ms = timing.before_call_ms + max(0.0, timing.call_ms - seen_ms) / 2
    del summary.stages[:]
    summary.stages.append(_web_stage(timing))
    summary.stages.extend(_shifted(stage, offset_ms) for stage in inner.stages)
    return summary


def _web_stage(timing: Timing) -> Stage:
    self_ms = max(0.0, timing.total_ms - timing.call_ms)
    return Stage(name="web", duration_ms=timing.total_ms, self_ms=self_ms, start_ms=0.0, status="OK")


def _shifted(stage: Stage, offset_ms: float) -> Stage:
    moved = Stage()
    moved.CopyFrom(stage)
    moved.start_ms += offset_ms
    for step in moved.steps:
        step.start_ms += offset_ms
    return moved
