"""Reporting: windows with their figures and verdicts, as they are asked for."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hallmark.qoa.v1.quality_pb2 import QualityRecord, Verdict
from hallmark.qoa.v1.report_pb2 import WindowReport, WindowVerdict
from hallmark_qoa.judge.material import Told
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.measure import measure_all
from hallmark_qoa.models import Contexts
from hallmark_qoa.stores.base import Due, Fold, Store, Windows
from hallmark_qoa.windows.cells import Slot, by_slot, cell_of, versions_of
from hallmark_qoa.windows.keeper import Keeper

_WORST_FIRST = ("violated", "unknown", "pass")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which windows somebody asks for."""

    which: Windows
    """Its segment is None for those of every segment."""
    variant: str = ""
    figures: tuple[str, ...] = ()
    """Keys of figures or names of metrics; all where empty."""


class Reports:
    """Makes reports of what is stored."""

    def __init__(self, store: Store, models: Contexts, keeper: Keeper) -> None:
        self._store = store
        self._models = models
        self._keeper = keeper

    async def windows(self, asked: Asked) -> list[WindowReport]:
        """Windows, oldest first; those that are not over yet as they stand now."""
        which = asked.which
        left = await self._keeper.refresh(lambda due: _is_asked(due, which))
        due = {(due.size_s, due.model, due.consumer, due.start_ns) for due in left}
        reports = await windows_of(self._store, self._models, asked)
        for report in reports:
            # What is left of a window that is over has been done: no mark of it is there.
            report.closed = (which.size_s, report.model, report.consumer, report.start.ToNanoseconds()) not in due
        return reports


async def windows_of(told: Told, models: Contexts, asked: Asked) -> list[WindowReport]:
    """Windows as they were folded and judged last, oldest first; whether they are closed is not said."""
    which = asked.which
    # The report of all has the verdicts on its segments too, and a spread is measured over them.
    every = replace(which, segment=None) if not which.segment else which
    spread = any(figure.startswith("spread[") for figure in asked.figures)
    slots = by_slot(await told.folds(every if spread else which))
    verdicts: dict[Slot, list[WindowVerdict]] = {}
    for verdict in await told.verdicts(every):
        slot = Slot(verdict.start.ToNanoseconds(), verdict.consumer, verdict.model, verdict.variant)
        verdicts.setdefault(slot, []).append(verdict)
    return [
        await asyncio.to_thread(
            _report, folds, segment, verdicts.get(slot, ()), models.context(slot.model), asked.figures
        )
        for slot, folds in slots.items()
        if asked.variant in ("", slot.variant)
        for segment in sorted({fold.segment for fold in folds})
        if which.segment in (None, segment)
    ]


def _report(
    folds: Sequence[Fold],
    segment: str,
    verdicts: Sequence[WindowVerdict],
    context: ModelContext,
    only: Sequence[str],
) -> WindowReport:
    """The report of one segment of the folds of one window and series."""
    first = folds[0]
    own = [verdict for verdict in verdicts if not segment or verdict.segment == segment]
    report = WindowReport(
        consumer=first.consumer,
        model=first.model,
        variant=first.variant,
        versions=versions_of(folds),
        segment=segment,
        window_s=first.size_s,
        verdict=worst(verdict.verdict for verdict in own),
        verdicts=own,
    )
    report.start.FromNanoseconds(first.start_ns)
    cell = cell_of([fold for fold in folds if not segment or fold.segment == segment], (), segment)
    if cell is None:
        return report
    for key, figure in measure_all(cell, context, only).items():
        report.figures[key].count = figure.count
        report.figures[key].error = figure.error
        if figure.value is not None:
            report.figures[key].value = figure.value
    complete = measure_all(cell, context, ("record_completeness",))["record_completeness"]
    report.count = complete.count
    report.completeness = complete.value or 0.0
    return report


async def verdicts_of(
    store: Store, record: QualityRecord, context: ModelContext, sizes: Iterable[int]
) -> list[Verdict]:
    """What was judged of the windows that a prediction is in."""
    event_ns = record.event_time.ToNanoseconds()
    variant = record.model.variant or context.variant
    found = []
    for size_s in sizes:
        start_ns = event_ns - event_ns % (size_s * 10**9)
        which = Windows(size_s, record.model.name, record.consumer, start_ns, start_ns + size_s * 10**9)
        found += [one for one in await store.verdicts(which) if one.variant == variant]
    return [
        Verdict(
            contract=one.contract,
            rule=one.objective,
            verdict=one.verdict,
            stage=one.blame.stage,
            window_s=one.window_s,
            reasons=one.reasons,
        )
        for one in found
    ]


def worst(verdicts: Iterable[str]) -> str:
    """The worst of verdicts; empty where there is none."""
    found = set(verdicts)
    return next((word for word in _WORST_FIRST if word in found), "")


def _is_asked(due: Due, which: Windows) -> bool:
    return (
        due.size_s <= which.size_s
        and which.model in ("", due.model)
        and which.consumer in ("", due.consumer)
        and (which.from_ns is None or due.end_ns > which.from_ns)
        and (which.before_ns is None or due.start_ns < which.before_ns)
    )
