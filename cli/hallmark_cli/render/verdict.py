"""Verdicts as text for people: a mark and a word, what was promised, what is to blame and what proves it."""

from google.protobuf.timestamp_pb2 import Timestamp
from rich.text import Text

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import Evidence, WindowVerdict
from hallmark_cli.render.amounts import amount
from hallmark_cli.render.text import printable
from hallmark_common.reports import blamed, window_name

MARKS = {"pass": "✓", "violated": "✗", "unknown": "?"}
STYLES = {"pass": "green", "violated": "bold red", "unknown": "yellow"}
NOT_JUDGED = "not judged"


def verdict_text(verdict: str) -> Text:
    """A verdict as a mark and a word; a colour only beside them."""
    if verdict not in MARKS:
        return Text(f"– {NOT_JUDGED}", "dim")
    return Text(f"{MARKS[verdict]} {verdict}", STYLES[verdict])


def promise(verdict: WindowVerdict) -> str:
    """What was promised, such as ``response_time.p95 <= 200 ms``."""
    where = f" of {printable(verdict.segment)}" if verdict.segment else ""
    return f"{verdict.figure}{where} {verdict.operator} {amount(verdict.threshold, verdict.unit, verdict.figure)}"


def observed(verdict: WindowVerdict) -> str:
    """What was observed, in the unit of the figure."""
    return amount(verdict.observed, verdict.unit, verdict.figure) if verdict.HasField("observed") else "not known"


def blame_text(verdict: WindowVerdict) -> str:
    """What is to blame, and why."""
    name, detail = blamed(verdict.blame), verdict.blame.detail
    return printable(": ".join(part for part in (name, detail) if part))


def evidence_text(evidence: Evidence, verdict: WindowVerdict) -> str:
    """A prediction as evidence: its id first, to be passed to `hallmark record`."""
    what = evidence.detail or amount(evidence.observed, verdict.unit, verdict.figure)
    where = f"  in {evidence.stage}" if evidence.stage else ""
    return printable(f"{evidence.prediction_id or evidence.trace_id}  {what}{where}")


def change_line(change: VerdictChange) -> Text:
    """A change on one line: when, from what to what, whose promise, what was observed, what is to blame."""
    verdict = change.verdict
    line = Text(f"{window_instant(verdict.start)}  ")
    line.append_text(_transition(change.before, verdict.verdict))
    line.append(f"  {verdict.contract}/{verdict.objective}", "bold")
    line.append(f"  {printable(verdict.consumer)} {verdict.model}{f' ({verdict.variant})' if verdict.variant else ''}")
    line.append(f"  {window_name(verdict.window_s)}: {promise(verdict)}, observed {observed(verdict)}")
    if verdict.HasField("blame"):
        line.append(f"  blamed on {printable(blamed(verdict.blame))}", "yellow")
    if verdict.verdict == "unknown" and verdict.reasons:
        line.append(f": {printable(verdict.reasons[0])}")
    line.append("  silenced" if change.silenced else "", "dim")
    line.append(f"  worst {verdict.evidence[0].prediction_id}" if verdict.evidence else "", "dim")
    return line


def _transition(before: str, now: str) -> Text:
    recovered = " (recovered)" if before == "violated" and now == "pass" else ""
    return Text.assemble((f"{before or 'new'} → ", "dim"), verdict_text(now), (recovered, "green"))


def window_instant(moment: Timestamp) -> str:
    """RFC 3339 in UTC, to the second: windows start at full ones."""
    return f"{moment.ToDatetime().isoformat(timespec='seconds')}Z"
