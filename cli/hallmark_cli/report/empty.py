"""What is said where there are no windows to show: what to do about it."""

from collections.abc import Iterable

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.render.verdict import window_instant
from hallmark_cli.report.fetch import fetch
from hallmark_cli.report.question import Question
from hallmark_common.reports import window_end, window_name
from hallmark_common.settings import Settings

MAX_NAMES = 8
LOOK_AT = 1000
"""Windows that are looked at to say what there is."""

NONE_AT_ALL = (
    "No windows yet. Ask a model (hallmark predict MODEL FILE, or hallmark replay MODEL) and look again: "
    "a window is there some seconds after its first record."
)


def nothing_found(settings: Settings, asked: Question) -> str:
    """Why nothing was found: there is nothing at all, or only windows that were not asked for."""
    there = fetch(settings, Question(segment="*", last=LOOK_AT, metrics=("record_completeness",))).windows
    return f"No windows match{_filters(asked)}. The last ones there are: {_described(there)}." if there else NONE_AT_ALL


def _filters(asked: Question) -> str:
    given = {
        "--consumer": asked.consumer,
        "--model": asked.model,
        "--variant": asked.variant,
        "--window": asked.window,
        "--from": asked.since,
        "--until": asked.until,
        "--segment": asked.segment,
    }
    return "".join(f" {option} {value}" for option, value in given.items() if value)


def _described(windows: Iterable[WindowReport]) -> str:
    found = list(windows)
    first = min(found, key=lambda window: window.start.ToNanoseconds()).start
    last = max((window_end(window.start, window.window_s) for window in found), key=lambda end: end.ToNanoseconds())
    sizes = (window_name(size) for size in sorted({window.window_s for window in found}))
    parts = (
        f"consumer {_names({window.consumer for window in found})}",
        f"model {_names({window.model for window in found})}",
        f"size {', '.join(sizes)}",
        f"from {window_instant(first)} to {window_instant(last)}",
    )
    return ", ".join(parts)


def _names(names: set[str]) -> str:
    shown = sorted(names)[:MAX_NAMES]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
