"""Windows and verdicts as JSON, for the CLI, the events and whoever else tells of them."""

import math
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import Blame, Evidence, Figure, WindowReport, WindowVerdict
from hallmark_common.records import message_to_dict
from hallmark_common.settings import WINDOWS

VIOLATED = "violated"

_NAMES = {seconds: name for name, seconds in WINDOWS.items()}


def report_to_dict(report: WindowReport) -> dict[str, Any]:
    """The JSON form of a window: figures by key, null where one cannot be told, and what proves each violation.

    Times are RFC 3339 in UTC. ``verdict`` is null where no contract is about the window.
    """
    return {
        "consumer": report.consumer,
        "model": report.model,
        "variant": report.variant,
        "versions": list(report.versions),
        "segment": report.segment,
        "window": {
            "size": window_name(report.window_s),
            "start": report.start.ToJsonString(),
            "end": window_end(report.start, report.window_s).ToJsonString(),
            "closed": report.closed,
        },
        "count": report.count,
        "completeness": report.completeness,
        "metrics": {key: figure_value(report.figures[key]) for key in sorted(report.figures)},
        "verdict": report.verdict or None,
        "evidence": [entry for verdict in report.verdicts for entry in evidence_of(verdict)],
        "verdicts": [verdict_to_dict(verdict) for verdict in report.verdicts],
    }


def verdict_to_dict(verdict: WindowVerdict) -> dict[str, Any]:
    """The JSON form of a verdict: field names of the proto, null for what is not known."""
    fields = message_to_dict(verdict)
    # protobuf writes 64-bit integers as strings.
    fields["count"] = verdict.count
    if verdict.HasField("budget"):
        fields["budget"].setdefault("burn_rate", None)
    return {field.name: fields.get(field.name) for field in WindowVerdict.DESCRIPTOR.fields}


def change_to_dict(change: VerdictChange) -> dict[str, Any]:
    """The JSON form of a change: the verdict as it is now, what it was ``before`` (null for the first) and its id."""
    told = {"id": change.id, "before": change.before or None, "silenced": change.silenced}
    return verdict_to_dict(change.verdict) | told


def evidence_of(verdict: WindowVerdict) -> list[dict[str, Any]]:
    """What proves a violation, a span each; one entry without a span where it is not in any, nothing for the rest."""
    if verdict.verdict != VIOLATED:
        return []
    if not verdict.evidence:
        observed = verdict.observed if verdict.HasField("observed") else None
        return [_entry(verdict, observed, verdict.blame.stage, detail=verdict.blame.detail)]
    return [_entry_of(verdict, evidence) for evidence in verdict.evidence]


def _entry_of(verdict: WindowVerdict, evidence: Evidence) -> dict[str, Any]:
    ids = (evidence.trace_id, evidence.span_id, evidence.prediction_id)
    return _entry(verdict, evidence.observed, evidence.stage, ids, evidence.detail)


def _entry(
    verdict: WindowVerdict,
    observed: float | None,
    stage: str,
    ids: tuple[str, str, str] = ("", "", ""),
    detail: str = "",
) -> dict[str, Any]:
    trace_id, span_id, prediction_id = (part or None for part in ids)
    return {
        "rule": verdict.objective,
        "observed": observed,
        "threshold": verdict.threshold,
        "stage": stage or None,
        "trace_id": trace_id,
        "span_id": span_id,
        "prediction_id": prediction_id,
        "contract": verdict.contract,
        "detail": detail,
    }


def figure_value(figure: Figure) -> float | None:
    """The value of a figure; None where there is none that JSON could hold."""
    return figure.value if figure.HasField("value") and math.isfinite(figure.value) else None


def window_name(size_s: int) -> str:
    """``10s``, ``1m``, ``1h`` or ``1d``; seconds for any other size."""
    return _NAMES.get(size_s, f"{size_s}s")


def window_end(start: Timestamp, size_s: int) -> Timestamp:
    """The first moment after a window."""
    return Timestamp(seconds=start.seconds + size_s, nanos=start.nanos)


def blamed(blame: Blame) -> str:
    """What is to blame, in two words such as ``stage inference``; empty where nothing is."""
    return f"{blame.kind} {blame.name}".strip()
