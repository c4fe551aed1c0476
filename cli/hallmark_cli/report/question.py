"""What is asked of the engine for a report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import GetReportRequest
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.errors import CliError
from hallmark_cli.payload import timestamp
from hallmark_common.contracts.figures import check_figure
from hallmark_common.settings import WINDOWS

EVERY_SEGMENT = "*"
MAX_LAST = 10_000
"""Most windows that the engine gives at once."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which windows a person wants to see; empty fields do not filter."""

    consumer: str = ""
    model: str = ""
    variant: str = ""
    window: str = ""
    """``10s``, ``1m``, ``1h`` or ``1d``; the sizes that contracts judge where empty."""
    since: str = ""
    """RFC 3339: only windows that start then or later."""
    until: str = ""
    """RFC 3339: only windows that start before."""
    segment: str = ""
    """``*`` for every one."""
    last: int = 50
    """At most so many windows of each size, the last ones."""
    metrics: tuple[str, ...] = ()
    """Keys of figures or names of metrics."""

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of the sizes to ask for, in ascending order."""
        if self.window and self.window not in WINDOWS:
            raise CliError(f"--window {self.window!r}: expected one of {', '.join(WINDOWS)}", exit_code=2)
        return (self.window,) if self.window else tuple(WINDOWS)

    @property
    def of_page(self) -> "Question":
        """The same for a page: there segments are side by side, and would count twice among the windows of all."""
        return replace(self, segment="") if self.segment == EVERY_SEGMENT else self

    def request(self, size: str) -> GetReportRequest:
        """The request for windows of one size; :class:`CliError` for a time that is none."""
        request = GetReportRequest(
            consumer=self.consumer,
            model=self.model,
            variant=self.variant,
            window_s=WINDOWS[size],
            segment=self.segment,
            limit=self.last,
            figures=self.metrics,
        )
        # A Python keyword is the name of one field, so both are set by name.
        for field, option, text in (("from", "--from", self.since), ("before", "--until", self.until)):
            if text:
                moment: Timestamp = getattr(request, field)
                moment.CopyFrom(timestamp(option, text))
        return request


@dataclass(frozen=True, slots=True)
class Found:
    """What the engine answered."""

    windows: tuple[WindowReport, ...]
    """By size, then oldest first."""
    more: bool
    """Whether there are older ones that were not asked for."""


def named_figures(given: Sequence[str]) -> tuple[str, ...]:
    """What ``--metric`` names: keys of figures and names of metrics; :class:`CliError` for what cannot be either."""
    for key in given:
        try:
            check_figure(key)
        except ValueError as error:
            raise CliError(f"--metric {key!r}: {str(error).removeprefix(f'{key}: ')}", exit_code=2) from None
    return tuple(given)


def chosen(answers: Sequence[Found]) -> Found:
    """Of answers by ascending size, for each consumer, model and variant, the sizes that contracts judge there.

    Where none is judged it is the smallest that has windows.
    """
    judged: dict[tuple[str, ...], set[int]] = {}
    smallest: dict[tuple[str, ...], set[int]] = {}
    for window in (window for answer in answers for window in answer.windows):
        smallest.setdefault(_whose(window), {window.window_s})
        if window.verdict:
            judged.setdefault(_whose(window), set()).add(window.window_s)
    sizes = smallest | judged
    picked = [tuple(each for each in answer.windows if each.window_s in sizes[_whose(each)]) for answer in answers]
    more = any(answer.more for answer, windows in zip(answers, picked, strict=True) if windows)
    return Found(tuple(window for windows in picked for window in windows), more)


def _whose(window: WindowReport) -> tuple[str, ...]:
    return window.consumer, window.model, window.variant
