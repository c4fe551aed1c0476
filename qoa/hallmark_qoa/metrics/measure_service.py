"""Figures of distributions, service, cost and telemetry."""

from collections.abc import Collection

from hallmark_common import attributes
from hallmark_common.catalogue import ABSENCES, CLIENT_FAULTS
from hallmark_qoa.flow import OK
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import NOTHING, Cell, Figure, share
from hallmark_qoa.metrics.formulas import exact
from hallmark_qoa.metrics.formulas.sketch import ALPHA

MISSED = "DEADLINE_EXCEEDED"
_SECONDS_AN_HOUR = 3600.0


def distribution(aggregate: Aggregate, slot: str, which: str) -> Figure:
    """One number of the distribution in a slot: ``mean``, ``sum``, ``min``, ``max``, or ``p95`` and the like."""
    sketch = aggregate.sketches.get(slot)
    if sketch is None:
        return NOTHING
    total = aggregate.sums.get(slot, 0)
    if which == "mean":
        return Figure(exact.mean(sketch.count, total), sketch.count)
    if which == "sum":
        return Figure(exact.from_fixed(total), sketch.count)
    least, most = aggregate.ranges[slot]
    if which in ("min", "max") or least == most:
        return Figure(least if which == "min" else most, sketch.count)
    value = sketch.quantile(int(which[1:]) / 100)
    assert value is not None  # it has a range, so it has values
    return Figure(min(max(value, least), most), sketch.count, abs(value) * ALPHA / (1 - ALPHA))


def availability(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of requests, without the client's faults, for which the service was there."""
    counted, absent = _counted(cell.total, ABSENCES)
    return share(counted - absent, counted)


def reliability(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of requests, without the client's faults, that ended OK."""
    counted, ok = _counted(cell.total, (OK,))
    return share(ok, counted)


def _counted(aggregate: Aggregate, which: Collection[str]) -> tuple[int, int]:
    """Requests that are not the client's fault, and how many of them ended in certain ways."""
    statuses = aggregate.table(slots.STATUS)
    counted = sum(count for status, count in statuses.items() if status not in CLIENT_FAULTS)
    return counted, sum(count for status, count in statuses.items() if status in which)


def error_ratio(cell: Cell, _context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of requests that ended with a status, or not OK."""
    statuses = cell.total.table(slots.STATUS)
    total = sum(statuses.values())
    return share(statuses.get(of, 0) if of else total - statuses.get(OK, 0), total)


def deadline_misses(cell: Cell, context: ModelContext, _of: str, aggregate: str) -> Figure:
    """Share of requests whose deadline passed."""
    return error_ratio(cell, context, MISSED, aggregate)


def throughput(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Records a second."""
    records = cell.total.counts[slots.RECORDS]
    return Figure(records / cell.seconds, records) if cell.seconds > 0 else Figure(None, records)


def price(cell: Cell, context: ModelContext, _of: str, aggregate: str) -> Figure:
    """CPU time times its price."""
    time = distribution(cell.total, "cpu_time", aggregate)
    if time.value is None:
        return time
    return Figure(time.value / _SECONDS_AN_HOUR * context.cpu_hour_price, time.count)


def record_completeness(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of records of which every stage has reported."""
    return share(cell.total.counts[slots.COMPLETE], cell.total.counts[slots.RECORDS])


def missing_stages(cell: Cell, _context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of records that lack a stage, or any."""
    if of and of not in attributes.STAGES:
        return NOTHING
    records = cell.total.counts[slots.RECORDS]
    lacking = cell.total.table(slots.MISSING_STAGES).get(of, 0)
    return share(lacking if of else records - cell.total.counts[slots.COMPLETE], records)


def label_coverage(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of answers whose truth is known."""
    return share(cell.total.counts[slots.TRUTHS], cell.total.counts[slots.ANSWERS])
