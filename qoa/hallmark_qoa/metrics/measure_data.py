"""Figures of data."""

from hallmark_common.segments import OTHER
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import MODES, CategoryColumn, Column, ModelContext, NumberColumn
from hallmark_qoa.metrics.figure import NOTHING, Cell, Figure, share
from hallmark_qoa.metrics.formulas import exact


def completeness(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of cells that are there."""
    sums = cell.total.sums
    instances = sums.get(slots.INSTANCES, 0)
    if not instances:
        return NOTHING
    missing = sums.get(slots.MISSING, 0)
    return Figure(exact.quotient(instances - missing, instances), _instances(cell.total))


def validity(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of requests without a violation of the schema."""
    counts = cell.total.counts
    return share(counts[slots.DATA] - counts[slots.INVALID], counts[slots.DATA])


def total_valid(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Requests without a violation of the schema."""
    counts = cell.total.counts
    return _total(counts[slots.DATA] - counts[slots.INVALID], counts[slots.DATA])


def null_count(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Missing values of a column, or of all."""
    nulls, values = _nulls(cell.total, context, of)
    return _total(nulls, values)


def none_ratio(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of missing values of a column, or of all."""
    nulls, values = _nulls(cell.total, context, of)
    return share(nulls, values)


def error_ratios(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of instances in which a column violates the schema, or of requests that violate it anywhere."""
    if not of:
        return share(cell.total.counts[slots.INVALID], cell.total.counts[slots.DATA])
    return _share_of_instances(cell.total, context, of, slots.errors(of))


def total_errors(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Violations of the schema in a column, or in all."""
    if of and of not in context.fields:
        return NOTHING
    sums, every = cell.total.sums, slots.errors("")
    of_all = sum(total for slot, total in sums.items() if slot.startswith(f"{every}["))
    return _total(_whole(sums.get(slots.errors(of), 0) if of else of_all), _instances(cell.total))


def out_of_range(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of instances in which a column is out of range, or of requests that are anywhere."""
    if not of:
        return share(cell.total.counts[slots.OUTSIDE], cell.total.counts[slots.DATA])
    return _share_of_instances(cell.total, context, of, slots.outside(of))


def duplicate_ratio(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of recorded instances that repeat another one."""
    instances = cell.total.counts[slots.ROWS]
    if not instances:
        return NOTHING
    distinct = cell.total.rows.estimate()
    return Figure(max(0.0, (instances - distinct.value) / instances), instances, distinct.error / instances)


def total_duplicate(cell: Cell, context: ModelContext, of: str, aggregate: str) -> Figure:
    """Recorded instances that repeat another one."""
    ratio = duplicate_ratio(cell, context, of, aggregate)
    if ratio.value is None:
        return NOTHING
    return Figure(ratio.value * ratio.count, ratio.count, ratio.error * ratio.count)


def color_mode(cell: Cell, _context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of images in a mode that is counted by name."""
    if of not in MODES and of != OTHER:
        return NOTHING
    return share(cell.total.table(slots.MODE).get(of, 0), cell.total.counts[slots.IMAGES])


def input_mean(cell: Cell, _context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Mean of a column of numbers."""
    sketch = cell.total.sketches.get(slots.column(of))
    if sketch is None:
        return NOTHING
    return Figure(exact.mean(sketch.count, cell.total.sums.get(slots.column(of), 0)), sketch.count)


def input_variance(cell: Cell, _context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Variance of a column of numbers as a population; None of one value."""
    sketch = cell.total.sketches.get(slots.column(of))
    if sketch is None or sketch.count < 2:
        return NOTHING if sketch is None else Figure(None, sketch.count)
    total = cell.total.sums.get(slots.column(of), 0)
    squares = cell.total.sums.get(slots.squares(slots.column(of)), 0)
    return Figure(exact.variance(sketch.count, total, squares), sketch.count)


def outlier_ratio(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of values outside Tukey's fences of the reference."""
    column, sketch = context.column(of), cell.total.sketches.get(slots.column(of))
    if sketch is None or not isinstance(column, NumberColumn) or column.fences is None:
        return NOTHING
    return share(cell.total.table(slots.OUTLIER).get(of, 0), sketch.count)


def _nulls(aggregate: Aggregate, context: ModelContext, of: str) -> tuple[int, int]:
    """Missing values and all values of recorded instances."""
    if not aggregate.counts[slots.ROWS]:
        return 0, 0
    table = aggregate.table(slots.NULL)
    names = (of,) if of else tuple(context.columns)
    nulls = sum(table.get(name, 0) for name in names)
    return nulls, nulls + sum(_filled(aggregate, context.columns.get(name)) for name in names)


def _filled(aggregate: Aggregate, column: Column | None) -> int:
    """Values of a column that are there."""
    if column is None:
        return 0
    if isinstance(column, NumberColumn):
        sketch = aggregate.sketches.get(slots.column(column.name))
        return 0 if sketch is None else sketch.count
    if isinstance(column, CategoryColumn):
        return sum(aggregate.table(slots.distribution(column.name, column.fingerprint)).values())
    return aggregate.table(slots.FILLED).get(column.name, 0)


def _share_of_instances(aggregate: Aggregate, context: ModelContext, field: str, slot: str) -> Figure:
    """Of a field that violations are told of by name: in others there may be some that nobody can tell apart."""
    if field not in context.fields:
        return NOTHING
    return share(_whole(aggregate.sums.get(slot, 0)), _instances(aggregate))


def _instances(aggregate: Aggregate) -> int:
    return _whole(aggregate.sums.get(slots.INSTANCES, 0))


def _whole(total: int) -> int:
    """A sum of whole numbers."""
    return total >> exact.FRACTION_BITS


def _total(part: int, whole: int) -> Figure:
    return Figure(float(part), whole) if whole else NOTHING
