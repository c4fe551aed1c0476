"""Evidence: the predictions and spans that prove a verdict, the worst first."""

from collections.abc import Sequence

from hallmark.qoa.v1.report_pb2 import Evidence
from hallmark_qoa.judge.material import Material
from hallmark_qoa.metrics.exemplar import Exemplar


async def prove(store: Material, exemplars: Sequence[Exemplar], stage: str) -> list[Evidence]:
    """Evidence of exemplars; each points at the span of the stage that is to blame, where its record has one."""
    return [await _evidence(store, exemplar, stage) for exemplar in exemplars]


async def _evidence(store: Material, exemplar: Exemplar, stage: str) -> Evidence:
    evidence = Evidence(
        prediction_id=exemplar.prediction_id,
        trace_id=exemplar.prediction_id[:32],
        span_id=exemplar.span_id,
        stage=exemplar.stage,
        observed=exemplar.value,
        detail=exemplar.detail,
    )
    evidence.started_at.FromNanoseconds(exemplar.started_ns)
    if stage and stage != exemplar.stage:
        record = await store.get(exemplar.prediction_id)
        for found in record.stages if record is not None else ():
            if found.name == stage:
                evidence.stage, evidence.span_id = found.name, found.span_id
    return evidence
