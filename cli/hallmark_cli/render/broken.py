"""Promises that were not kept, or of which that is not known: how often, why, what is to blame, what proves it."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.text import Text

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_cli.render.text import printable
from hallmark_cli.render.verdict import blame_text, evidence_text, observed, promise, verdict_text, window_instant

MAX_WINDOWS = 3
"""Violated windows of an objective that are told in full, the last ones; --json has all of them."""

MAX_EVIDENCE = 3
"""Worst traces that are shown of a window."""


def broken_lines(verdicts: Iterable[WindowVerdict]) -> list[Text]:
    """Of each objective that was not kept everywhere: its violated windows, else why the last one is unknown."""
    lines: list[Text] = []
    for _, group in groupby(sorted(verdicts, key=_order), key=_objective):
        judged = list(group)
        violated = [verdict for verdict in judged if verdict.verdict == "violated"]
        unknown = [verdict for verdict in judged if verdict.verdict == "unknown"]
        if violated:
            lines += [Text(), _head(violated, judged), *_windows(violated)]
        elif unknown:
            lines += [Text(), _head(unknown, judged), *_details(unknown[-1])]
    return lines


def _objective(verdict: WindowVerdict) -> tuple[str, str, str]:
    return verdict.contract, verdict.objective, verdict.segment


def _order(verdict: WindowVerdict) -> tuple[tuple[str, str, str], int]:
    return _objective(verdict), verdict.start.ToNanoseconds()


def _head(shown: Sequence[WindowVerdict], judged: Sequence[WindowVerdict]) -> Text:
    """What was promised, and in how many windows it was not so."""
    last = shown[-1]
    line = Text("  ") + verdict_text(last.verdict)
    line.append(f" in {len(shown)} of {len(judged)}  ")
    line.append(f"{last.contract}/{last.objective}", "bold")
    line.append(f"  {promise(last)}")
    line.append(f"  {last.severity}", "dim")
    return line


def _windows(violated: Sequence[WindowVerdict]) -> list[Text]:
    told = violated[-MAX_WINDOWS:]
    lines: list[Text] = []
    if len(violated) > len(told):
        lines.append(Text(f"    … {len(violated) - len(told)} before; --json has all of them", "dim"))
    for verdict in told:
        lines.append(Text(f"    {window_instant(verdict.start)}  observed {observed(verdict)}"))
        lines += _details(verdict)
    return lines


def _details(verdict: WindowVerdict) -> list[Text]:
    lines = [_detail("why", printable(reason)) for reason in verdict.reasons]
    if verdict.HasField("blame"):
        lines.append(_detail("blamed", blame_text(verdict)))
    return lines + [_detail("worst", evidence_text(each, verdict)) for each in verdict.evidence[:MAX_EVIDENCE]]


def _detail(name: str, value: str) -> Text:
    return Text.assemble((f"      {name:<8}", "dim"), value)
