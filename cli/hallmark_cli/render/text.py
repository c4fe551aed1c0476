"""Quality as text for people: bars, waterfall, one line each for data and run. Nothing here prints."""

import math
from collections.abc import Iterable, Sequence

from rich.text import Text

from hallmark.qoa.v1.quality_pb2 import DataQuality, InferenceFacts, Model, Stage, Violation

BAR_WIDTH = 32
"""Columns of a waterfall."""

SCORE_WIDTH = 20
"""Columns of the bar beside a score."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_STEP_NAMES = 14
_CPU_WIDTH = 14
_HANG = 4


def field(name: str, value: str, style: str = "") -> Text:
    """A line of a name and a value, values aligned."""
    return Text.assemble((f"{name:<12}", "dim"), (value, style))


def score_bar(fraction: float, width: int = SCORE_WIDTH) -> str:
    """A bar of a share from 0 to 1, to an eighth of a column; anything else is drawn as the nearer end."""
    eighths = round(_within(fraction) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def counted(count: int, what: str, form: str = "") -> str:
    """So many of something: ``1 window``, ``2 windows``; the number in a form of Python's format specifications."""
    return f"{count:{form}} {what}{'' if count == 1 else 's'}"


def percent(fraction: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * fraction:.1f} %"


def span_bar(start_ms: float, duration_ms: float, total_ms: float, width: int = BAR_WIDTH) -> str:
    """A bar placed on a time axis of total_ms; at least one column, never outside."""
    if total_ms <= 0:
        return "█".ljust(width)
    first = min(int(_within(start_ms / total_ms) * width), width - 1)
    length = min(max(round(_within(duration_ms / total_ms) * width), 1), width - first)
    return (" " * first + "█" * length).ljust(width)


def _within(fraction: float) -> float:
    return 0.0 if math.isnan(fraction) else min(max(fraction, 0.0), 1.0)


def waterfall(stages: Sequence[Stage]) -> list[Text]:
    """Stages and their steps on one time axis: duration, the stage's own part, where in time, a status that is not OK.

    CPU time has a column where any stage has measured it.
    The axis reaches to the last end: clocks of several machines may put a stage outside of the first one.
    """
    total_ms = max((stage.start_ms + stage.duration_ms for stage in stages), default=0.0)
    measured = any(stage.HasField("cpu_ms") for stage in stages)
    width = BAR_WIDTH - _CPU_WIDTH if measured else BAR_WIDTH
    between = f"  {'':>13}  {_cpu() if measured else ''}"
    lines = []
    for stage in stages:
        failed = stage.status not in ("", "OK")
        line = Text(f"  {stage.name:<{_STEP_NAMES}}{stage.duration_ms:>9.2f} ms  {stage.self_ms:>9.2f} own  ")
        line.append(_cpu(stage) if measured else "")
        line.append(span_bar(stage.start_ms, stage.duration_ms, total_ms, width), "red" if failed else "cyan")
        line.append(f"  {stage.status}" if failed else "", "red")
        lines.append(line)
        lines += [
            Text.assemble(
                f"    {step.name:<{_STEP_NAMES - 2}}{step.duration_ms:>9.2f} ms{between}",
                (span_bar(step.start_ms, step.duration_ms, total_ms, width), "blue"),
            )
            for step in stage.steps
        ]
    return [stripped(line) for line in lines]


def _cpu(stage: Stage | None = None) -> str:
    """The column of CPU time; blank where there is none to show."""
    if stage is None or not stage.HasField("cpu_ms"):
        return " " * _CPU_WIDTH
    return f"{stage.cpu_ms:>8.2f} cpu  "


def data_line(data: DataQuality) -> str:
    """What came: how many, what was missing, how far from the reference, what an image was like."""
    parts = [counted(data.instances, "instance")]
    if data.HasField("image"):
        image = data.image
        parts.append(f"{image.format} {image.width} × {image.height} {image.mode}")
        parts.append(f"brightness {image.brightness:.2f}, contrast {image.contrast:.2f}")
        parts.append(f"sharpness {image.sharpness:.4f}")
    else:
        parts.append(f"{percent(data.missing_ratio)} missing" if data.missing_ratio else "nothing missing")
    if data.HasField("distance"):
        parts.append(f"distance {data.distance:.2f}")
    return ", ".join(parts)


def violation_lines(violations: Iterable[Violation]) -> list[Text]:
    """One line a violation; one that says so where there is none."""
    lines = [
        field("violation", f"{violation.field}: {violation.kind} in {violation.count}", "yellow")
        for violation in violations
    ]
    return lines or [field("violations", "none")]


def run_line(run: InferenceFacts) -> str:
    """How long inference spent on what."""
    return (
        f"queue {run.queue_ms:.2f} ms, batch {run.batch_ms:.2f} ms, compute {run.compute_ms:.2f} ms, "
        f"batch size {run.batch_size}"
    )


def model_line(model: Model) -> str:
    """Name, version and variant."""
    return " ".join(part for part in (model.name, model.version, f"({model.variant})" if model.variant else "") if part)


def printable(value: str) -> str:
    """Text that came from outside, without what would steer a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in value)


def hanging(line: Text, width: int) -> list[Text]:
    """A line folded at blanks to a width, what is folded indented below it; a word that is longer is cut.

    Parts of a line are two blanks apart: it is folded between them where that fills at least half of the width.
    """
    plain = line.plain
    indent = min(len(plain) - len(plain.lstrip()) + _HANG, width // 2)
    folded, start, room = [], 0, width
    while len(plain) - start > room:
        between = plain.rfind("  ", start, start + room + 1)
        blank = between if between > start + room // 2 else plain.rfind(" ", start, start + room + 1)
        # A blank within the indentation is no place to fold.
        end = blank if plain[start : max(blank, start)].strip() else start + room
        folded.append(line[start:end])
        start = end + len(plain[end:]) - len(plain[end:].lstrip())
        room = width - indent
    folded.append(line[start:])
    return [stripped(piece) if index == 0 else Text(" " * indent) + piece for index, piece in enumerate(folded)]


def stripped(line: Text) -> Text:
    """The line without blanks at its end."""
    line.rstrip()
    return line
