"""A quality record as text for people: the story of one request, and one line for a list."""

from google.protobuf.timestamp_pb2 import Timestamp
from rich.text import Text

from hallmark.qoa.v1.quality_pb2 import PredictionFacts, QualityRecord, Truth, Verdict
from hallmark_cli.render import text
from hallmark_cli.render.verdict import verdict_text
from hallmark_common.reports import window_name

MAX_SHOWN = 5


def record_lines(record: QualityRecord) -> list[Text]:
    """Everything that is known, in the order of the flow."""
    lines = [_headline(record), Text()]
    lines.append(text.field("prediction", record.prediction_id, "bold"))
    lines.append(text.field("trace", record.trace_id))
    lines.append(text.field("consumer", record.consumer))
    lines.append(text.field("model", text.model_line(record.model) or "not known"))
    lines.append(text.field("started", instant(record.started_at)))
    if record.HasField("event_time") and record.event_time != record.started_at:
        lines.append(text.field("event time", instant(record.event_time)))
    lines.append(_completeness(record))
    lines += _facts_lines(record)
    return [*lines, Text(), *text.waterfall(record.stages)]


def record_line(record: QualityRecord) -> Text:
    """One line for a list: when, how, how long, whose, what."""
    failed = record.status != "OK"
    took = f"{record.duration_ms:.1f} ms" if record.HasField("duration_ms") else "? ms"
    line = Text(f"{instant(record.started_at)[11:23]}  ")
    line.append(f"{record.status:<9}", "red" if failed else "green")
    line.append(f" {took:>11}  {record.model.name or '?'}  {record.consumer}  ")
    line.append(answer_text(record.prediction) if record.HasField("prediction") else record.reason, "bold")
    line.append("" if record.complete else "  incomplete", "yellow")
    line.append(f"  {record.prediction_id}", "dim")
    return line


def answer_text(facts: PredictionFacts) -> str:
    """What was answered: labels with confidence, else values; the first few of many."""
    if facts.labels:
        parts = [
            f"{label} {text.percent(score)}" for label, score in zip(facts.labels, facts.confidences, strict=False)
        ]
    else:
        parts = [f"{value:.4g}" for value in facts.values]
    more = f", … {facts.count - MAX_SHOWN} more" if facts.count > MAX_SHOWN else ""
    return ", ".join(parts[:MAX_SHOWN]) + more


def instant(moment: Timestamp) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return f"{moment.ToDatetime().isoformat(timespec='milliseconds')}Z"


def _headline(record: QualityRecord) -> Text:
    took = f" in {record.duration_ms:.2f} ms" if record.HasField("duration_ms") else ""
    failed = record.status != "OK"
    reason = f" ({record.reason})" if record.reason else ""
    answer = f"  {answer_text(record.prediction)}" if record.HasField("prediction") else ""
    line = Text.assemble((f"{record.status}{reason}", "bold red" if failed else "bold green"), took, (answer, "bold"))
    return text.stripped(line)


def _completeness(record: QualityRecord) -> Text:
    if record.complete:
        return text.field("complete", "yes, every stage has reported")
    missing = ", ".join(record.missing_stages) or "the stage where it entered"
    return text.field("complete", f"no, missing: {missing}", "yellow")


def _facts_lines(record: QualityRecord) -> list[Text]:
    lines = []
    if record.HasField("data"):
        lines.append(text.field("data", text.data_line(record.data)))
        lines += text.violation_lines(record.data.violations)
    lines += [text.field("input", row) for row in record.instances_json[:MAX_SHOWN]]
    if record.HasField("prediction") and record.prediction.entropies:
        entropies = ", ".join(f"{value:.3f}" for value in record.prediction.entropies[:MAX_SHOWN])
        lines.append(text.field("entropy", f"{entropies} bit"))
    if record.HasField("inference"):
        lines.append(text.field("run", text.run_line(record.inference)))
    if record.HasField("truth"):
        lines.append(_truth(record.truth))
    return lines + [line for verdict in record.verdicts for line in _verdict_lines(verdict)]


def _truth(truth: Truth) -> Text:
    known = f"  known since {instant(truth.observed_at)}" if truth.HasField("observed_at") else ""
    return Text.assemble(text.field("truth", text.printable(truth.value), "bold"), (known, "dim"))


def _verdict_lines(verdict: Verdict) -> list[Text]:
    """The verdict of the window that the record is in, and why it is that."""
    window = f" in its window of {window_name(verdict.window_s)}" if verdict.window_s else ""
    line = text.field("verdict", "")
    line.append_text(verdict_text(verdict.verdict))
    line.append(f"  {verdict.contract}/{verdict.rule}{window}")
    line.append(f", blamed on {verdict.stage}" if verdict.stage else "", "yellow")
    return [line, *(text.field("", text.printable(reason), "dim") for reason in verdict.reasons)]
