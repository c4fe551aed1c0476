"""Drive: one run of a plan through the services, and what is stored of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bench.flights.faults.house import House
from bench.flights.faults.plan import EPOCH_S, NS, PER_WINDOW, WINDOW_S, WINDOWS, Plan, window_of
from bench.flights.services import FEW, MODEL, Asked, Known, Services, judged
from hallmark.qoa.v1.qoa_pb2 import ExportRecordsRequest, RecordFilter
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowReport

CALLERS = 6
LOST = "lost telemetry"
END_S = EPOCH_S + WINDOWS * WINDOW_S


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of a run."""

    windows: tuple[WindowReport, ...]
    records: tuple[tuple[QualityRecord, ...], ...]
    """By window."""


async def drive(house: House, plan: Plan, figures: Sequence[str]) -> Seen | None:
    """Send what is planned: the truth of a window is told when the next one is over.

    What is stored of it where that has to be looked at while the fault lasts: spans that could not be sent are sent
    once they can be, and then nothing was wrong. None otherwise.
    """
    start = plan.first * PER_WINDOW
    async with Services(house.settings, plan.consumer) as services:
        known = await _send(services, plan, 0, start, [])
        if plan.fault == LOST:
            await _complete(services, plan)
        with _fault(house, plan):
            await services.tell(await _send(services, plan, start, len(plan.asked), known))
            # One more, so late that every window is over.
            await services.predict(Asked(plan.asked[0].row, (END_S + WINDOW_S) * NS, "1"))
            seen = await look(house, plan, figures) if plan.fault == LOST else None
        assert not services.calls.failed, f"{plan.consumer}: {services.calls.failed}"
    return seen


async def look(house: House, plan: Plan, figures: Sequence[str]) -> Seen:
    """What is stored of a run that has been sent, once all of it is judged."""
    async with Services(house.settings, plan.consumer) as services:
        windows = await _judged(services, (*figures, *FEW))
        request = ExportRecordsRequest(filter=RecordFilter(consumer=plan.consumer, model=MODEL))
        records: list[list[QualityRecord]] = [[] for _ in range(WINDOWS + 2)]
        async for answer in services.qoa.ExportRecords(request):
            for record in answer.records:
                records[window_of(record.event_time.ToNanoseconds())].append(record)
    return Seen(tuple(windows), tuple(map(tuple, records[:WINDOWS])))


async def _send(services: Services, plan: Plan, start: int, end: int, known: list[Known]) -> list[Known]:
    """Send windows; ``known`` are the truths of the one before, returned are those of the last."""
    for first in range(start, end, PER_WINDOW):
        found = await services.predict_all(plan.asked[first : first + PER_WINDOW], CALLERS)
        await services.tell(known)
        known = [
            Known(prediction, plan.truths[index], plan.asked[index].event_ns + WINDOW_S * NS)
            for index, prediction in enumerate(found, first)
            if prediction is not None
        ]
    return known


def _fault(house: House, plan: Plan) -> AbstractContextManager[None]:
    if plan.cause is not None and plan.cause.kind == "stage":
        return house.slowed(plan.cause.name)
    if plan.cause is not None and plan.cause.kind == "telemetry":
        return house.silenced(plan.cause.name)
    return nullcontext()


async def _judged(services: Services, figures: Sequence[str] = FEW) -> list[WindowReport]:
    def come(windows: Sequence[WindowReport]) -> bool:
        return [window.count for window in windows] == [PER_WINDOW] * WINDOWS and judged(windows)

    return await services.windows_once(come, WINDOW_S, EPOCH_S, END_S, figures=figures)


async def _complete(services: Services, plan: Plan) -> None:
    """Wait for the spans of the windows before the fault."""

    def come(windows: Sequence[WindowReport]) -> bool:
        return [window.completeness * window.count for window in windows] == [PER_WINDOW] * plan.first

    await services.windows_once(come, WINDOW_S, EPOCH_S, EPOCH_S + plan.first * WINDOW_S)
