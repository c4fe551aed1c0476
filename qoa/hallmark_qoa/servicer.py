"""QoaService: what the engine has assembled, over gRPC."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import (
    AddTruthsRequest,
    AddTruthsResponse,
    ContractStatus,
    ExportRecordsRequest,
    ExportRecordsResponse,
    GetJudgingRequest,
    GetJudgingResponse,
    GetRecordRequest,
    GetRecordResponse,
    GetReportRequest,
    GetReportResponse,
    ListRecordsRequest,
    ListRecordsResponse,
    RecordFilter,
    WatchRecordsRequest,
    WatchRecordsResponse,
    WatchVerdictsRequest,
    WatchVerdictsResponse,
)
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_common.contracts.figures import check_figure
from hallmark_common.errors import MAX_SHOWN, HallmarkError, invalid, shown
from hallmark_qoa.judging import Judging
from hallmark_qoa.paging import make_token, page_size, read_token
from hallmark_qoa.reporting import Asked, verdicts_of
from hallmark_qoa.stores.base import Filter, Store, Windows
from hallmark_qoa.truth.truths import Truths
from hallmark_qoa.values import is_prediction_id
from hallmark_qoa.watch import ChangeFilter, VerdictWatchers, Watchers

MAX_IDS_SHOWN = 20
MAX_WINDOWS = 10_000
DEFAULT_WINDOWS = 50

_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_STATUS_NAMES = frozenset(code.name for code in grpc.StatusCode)


class QoaServicer(QoaServiceServicer):
    """Serves one store and the records that pass by."""

    def __init__(
        self, store: Store, watchers: Watchers, changes: VerdictWatchers, judging: Judging, truths: Truths
    ) -> None:
        self._store = store
        self._watchers = watchers
        self._changes = changes
        self._judging = judging
        self._truths = truths

    async def GetRecord(
        self, request: GetRecordRequest, _context: grpc.aio.ServicerContext[GetRecordRequest, GetRecordResponse]
    ) -> GetRecordResponse:
        """One record, by its prediction id or by the id of a trace that holds just one."""
        prediction = request.prediction_id
        if _TRACE_ID.fullmatch(prediction):
            prediction = await self._only_one_of(prediction)
        elif not is_prediction_id(prediction):
            raise invalid(
                "prediction_id",
                "'<32 hexadecimal digits>-<16 hexadecimal digits>' or a trace id of 32, in lower case",
                shown(prediction),
            )
        record = await self._store.get(prediction)
        if record is None:
            raise _no_record(prediction)
        context = self._judging.models.context(record.model.name)
        record.verdicts.extend(await verdicts_of(self._store, record, context, self._judging.sizes))
        return GetRecordResponse(record=record)

    async def ListRecords(
        self, request: ListRecordsRequest, _context: grpc.aio.ServicerContext[ListRecordsRequest, ListRecordsResponse]
    ) -> ListRecordsResponse:
        """A page of records, newest first."""
        which = filter_of(request.filter)
        size = page_size(request.page_size)
        page = await self._store.page(which, size, read_token(request.page_token, which))
        return ListRecordsResponse(records=page.records, next_page_token=make_token(page.next, which))

    async def WatchRecords(
        self,
        request: WatchRecordsRequest,
        context: grpc.aio.ServicerContext[WatchRecordsRequest, WatchRecordsResponse],
    ) -> AsyncIterator[WatchRecordsResponse]:
        """Records as they are stored, until the watcher goes or the engine drains."""
        with self._watchers.watching(filter_of(request.filter)) as watcher:
            # Tells the watcher that nothing is missed from here on.
            await context.send_initial_metadata(())
            async for event in watcher.events():
                if isinstance(event, int):
                    yield WatchRecordsResponse(missed=event)
                else:
                    yield WatchRecordsResponse(record=event)

    async def ExportRecords(
        self,
        request: ExportRecordsRequest,
        _context: grpc.aio.ServicerContext[ExportRecordsRequest, ExportRecordsResponse],
    ) -> AsyncIterator[ExportRecordsResponse]:
        """Records of a period in the order of their event times."""
        which = filter_of(request.filter)
        yield ExportRecordsResponse(total=await self._store.count(which))
        async for records in self._store.export(which):
            yield ExportRecordsResponse(records=records)

    async def AddTruths(
        self, request: AddTruthsRequest, _context: grpc.aio.ServicerContext[AddTruthsRequest, AddTruthsResponse]
    ) -> AddTruthsResponse:
        """What really happened with some predictions."""
        return await self._truths.add(request)

    async def GetReport(
        self, request: GetReportRequest, _context: grpc.aio.ServicerContext[GetReportRequest, GetReportResponse]
    ) -> GetReportResponse:
        """The last windows of a size, oldest first."""
        asked, limit = asked_of(request, self._judging.sizes)
        return answer_of(await self._judging.reports.windows(asked), limit)

    async def WatchVerdicts(
        self,
        request: WatchVerdictsRequest,
        context: grpc.aio.ServicerContext[WatchVerdictsRequest, WatchVerdictsResponse],
    ) -> AsyncIterator[WatchVerdictsResponse]:
        """Changes of verdicts, until the watcher goes or the engine drains."""
        with self._changes.watching(ChangeFilter(request.consumer, request.model, request.silenced)) as watcher:
            # Tells the watcher that nothing is missed from here on.
            await context.send_initial_metadata(())
            async for event in watcher.events():
                if isinstance(event, int):
                    yield WatchVerdictsResponse(missed=event)
                else:
                    yield WatchVerdictsResponse(change=event)

    async def GetJudging(
        self, _request: GetJudgingRequest, _context: grpc.aio.ServicerContext[GetJudgingRequest, GetJudgingResponse]
    ) -> GetJudgingResponse:
        """The contracts and the policy in use."""
        contracts = {contract.name: contract.version for contract in self._judging.promises.contracts()}
        errors = self._judging.promises.errors()
        policy = self._judging.policy.status()
        return GetJudgingResponse(
            contracts=[
                ContractStatus(name=name, version=contracts.get(name, ""), error=errors.get(name, ""))
                for name in sorted({*contracts, *errors})
            ],
            policy_revision=policy.revision,
            policy_error=policy.error,
        )

    async def _only_one_of(self, trace_id: str) -> str:
        found = await self._store.predictions_of(trace_id, MAX_IDS_SHOWN + 1)
        if not found:
            raise _no_record(trace_id)
        if len(found) == 1:
            return found[0]
        more = ", …" if len(found) > MAX_IDS_SHOWN else ""
        ids = ", ".join(found[:MAX_IDS_SHOWN]) + more
        raise HallmarkError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "SEVERAL_PREDICTIONS",
            f"prediction_id: the trace holds several predictions, ask for one of them: {ids}",
            {"field": "prediction_id", "expected": f"one of: {ids}", "got": trace_id},
        )


def filter_of(asked: RecordFilter) -> Filter:
    """The filter of a request; INVALID_ARGUMENT names the field that cannot be."""
    if asked.status and asked.status not in _STATUS_NAMES:
        raise invalid("filter.status", "a gRPC status name such as OK or INVALID_ARGUMENT", shown(asked.status))
    return Filter(
        consumer=asked.consumer,
        model=asked.model,
        status=asked.status,
        from_ns=_ns("filter.started_from", asked.started_from) if asked.HasField("started_from") else None,
        before_ns=_ns("filter.started_before", asked.started_before) if asked.HasField("started_before") else None,
    )


def asked_of(request: GetReportRequest, sizes: Sequence[int]) -> tuple[Asked, int]:
    """What a report is asked of, and how many windows at most; INVALID_ARGUMENT names the field that cannot be."""
    size_s = request.window_s or sizes[0]
    if size_s not in sizes:
        kept = ", ".join(map(str, sizes))
        raise invalid("window_s", f"one of {kept}, as HALLMARK_QOA_WINDOWS says", str(request.window_s))
    if request.limit > MAX_WINDOWS:
        raise invalid("limit", f"at most {MAX_WINDOWS}", str(request.limit))
    _check_figures(request.figures)
    limit = request.limit or DEFAULT_WINDOWS
    from_ns = _ns("from", getattr(request, "from")) if request.HasField("from") else None
    before_ns = _ns("before", request.before) if request.HasField("before") else None
    segment = None if request.segment == "*" else request.segment
    which = Windows(size_s, request.model, request.consumer, from_ns, before_ns, segment, last=limit + 1)
    return Asked(which, request.variant, tuple(request.figures)), limit


def _check_figures(keys: Iterable[str]) -> None:
    for key in keys:
        try:
            check_figure(key)
        except ValueError as error:
            raise invalid("figures", f"a metric or a figure of one; {str(error)[:MAX_SHOWN]}", shown(key)) from None


def answer_of(windows: Sequence[WindowReport], limit: int) -> GetReportResponse:
    """The last windows of those that were found, by so many different starts."""
    starts = sorted({window.start.ToNanoseconds() for window in windows})
    shown = set(starts[-limit:])
    return GetReportResponse(
        windows=[window for window in windows if window.start.ToNanoseconds() in shown], more=len(starts) > limit
    )


def _ns(field: str, time: Timestamp) -> int:
    ns = time.seconds * 10**9 + time.nanos
    if not -(2**63) <= ns < 2**63 or not 0 <= time.nanos < 10**9:
        raise invalid(field, "a time between the years 1678 and 2262", f"{time.seconds} s and {time.nanos} ns")
    return int(ns)


def _no_record(name: str) -> HallmarkError:
    return HallmarkError(
        grpc.StatusCode.NOT_FOUND,
        "RECORD_NOT_FOUND",
        f"prediction_id: no record of {name}; it is made a moment after the answer, and removed after the retention",
        {"field": "prediction_id", "expected": "the id of a recorded prediction", "got": name},
    )
