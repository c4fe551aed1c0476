"""Windows that were recomputed, to be asked for as an engine is."""

from collections.abc import Awaitable, Sequence

from hallmark.qoa.v1.qoa_pb2 import GetReportRequest, GetReportResponse
from hallmark_cli.report.fetch import COMPARED_LAST
from hallmark_common.reports import window_end
from hallmark_qoa.batch.memory import Memory, Place
from hallmark_qoa.batch.recompute import Window
from hallmark_qoa.models import Contexts
from hallmark_qoa.reporting import windows_of
from hallmark_qoa.servicer import answer_of, asked_of


class Answers:
    """A :class:`~hallmark_cli.report.fetch.Reporter` of the windows that it is given.

    Of every series and size the last ``most`` are kept, of segments the last that a page compares unless ``segments``
    are wanted: a long period in small windows would be gigabytes.
    """

    def __init__(self, models: Contexts, sizes: Sequence[int], most: int, now_ns: int, *, segments: bool) -> None:
        self._models = models
        self._sizes = sizes
        self._most = most
        self._now_ns = now_ns
        self._segments = segments
        self._memory = Memory()

    def add(self, window: Window) -> None:
        """Take a window; those of one series are to come in order of time."""
        due = window.due
        if due.size_s not in self._sizes:
            return
        place, step_ns = Place(due.size_s, due.model, due.consumer), due.size_s * 10**9
        self._memory.put(due, window.folds, window.verdicts)
        self._memory.forget(place, due.start_ns - self._most * step_ns)
        if not self._segments:
            self._memory.forget_segments(place, due.start_ns - COMPARED_LAST * step_ns)

    @property
    def is_empty(self) -> bool:
        """Whether there is no window at all."""
        return not self._memory.places()

    def GetReport(self, request: GetReportRequest, /, *, timeout: float) -> Awaitable[GetReportResponse]:
        """As the engine; a size that was not recomputed has no windows, and nothing is waited for."""
        del timeout
        return self._answer(request)

    async def _answer(self, request: GetReportRequest) -> GetReportResponse:
        if request.window_s not in self._sizes:
            return GetReportResponse()
        asked, limit = asked_of(request, self._sizes)
        reports = await windows_of(self._memory, self._models, asked)
        for report in reports:
            report.closed = window_end(report.start, report.window_s).ToNanoseconds() <= self._now_ns
        return answer_of(reports, limit)
