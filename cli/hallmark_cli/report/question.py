"""What is asked of the engine for a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import GetReportRequest
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.errors import CliError
from hallmark_cli.payload import timestamp
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

    @property
    def judged(self) -> bool:
        """Whether any contract is about any of them."""
        return any(window.verdict for window in self.windows)


def chosen(answers: Sequence[Found]) -> Found:
    """Of answers by ascending size those that contracts judge; where none is judged, the smallest that has windows."""
    judged = [answer for answer in answers if answer.judged]
    picked = judged or [answer for answer in answers if answer.windows][:1]
    return Found(tuple(window for answer in picked for window in answer.windows), any(answer.more for answer in picked))
