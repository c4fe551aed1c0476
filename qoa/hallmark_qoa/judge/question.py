"""Question: one promise about one variant of a model in one window, with the facts that a policy is told. Pure."""

from dataclasses import dataclass

from hallmark_common.catalogue import CATALOGUE, PLAIN_UNITS
from hallmark_common.times import rfc3339
from hallmark_qoa.judge.facts import Facts
from hallmark_qoa.judge.promises import Promise
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import Cell, share
from hallmark_qoa.metrics.measure import measure
from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.cells import Cells

_NAMES_PARTS = "preprocess"
"""The stage that tells variant, version and segment: without it a record counts for those declared, and no segment."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged."""

    promise: Promise
    variant: str
    cell: Cell
    facts: Facts


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a window besides its content."""

    due: Due
    behind: tuple[str, ...] = ()
    """Engines whose part of it may be missing."""
    closed: bool = True
    told_from_ns: int | None = None
    """Nobody is told of windows that start before."""


@dataclass(frozen=True, slots=True)
class Window:
    """What all questions about one window have in common."""

    context: ModelContext
    around: Circumstances
    unplaced: int
    """Records of which it is not known in which part of the window they belong."""


def unplaced(cells: Cells) -> int:
    """How many records that count for a variant may be of another one, and of any version and segment."""
    cell = cells.cell()
    return 0 if cell is None else _unplaced(cell)


def _unplaced(cell: Cell) -> int:
    return cell.total.table(slots.MISSING_STAGES).get(_NAMES_PARTS, 0)


def ask(promise: Promise, variant: str, cells: Cells, window: Window) -> Question | None:
    """The question about the folds of one variant; None where the promise is not about them."""
    contract, objective = promise.contract, promise.objective
    if contract.model.variant not in {None, "", variant}:
        return None
    cell = cells.cell(contract.model.versions, objective.segment)
    if cell is None:
        return None
    return Question(promise, variant, cell, _facts(promise, cell, window))


def _facts(promise: Promise, cell: Cell, window: Window) -> Facts:
    contract, objective, context, around = promise.contract, promise.objective, window.context, window.around
    metric = CATALOGUE[objective.metric]
    figure = measure(cell, context, objective.key)
    coverage = measure(cell, context, "label_coverage").value if objective.needs_truth else None
    elsewhere = window.unplaced - _unplaced(cell)
    return Facts(
        contract=contract.name,
        contract_version=contract.version,
        objective=objective.name,
        figure=objective.key,
        unit="" if objective.unit in PLAIN_UNITS else objective.unit,
        operator=objective.operator,
        threshold=objective.threshold,
        value=figure.value,
        error=figure.error,
        count=figure.count,
        least_count=objective.least,
        records=cell.total.counts[slots.RECORDS],
        completeness=_completeness(cell, elsewhere),
        # What is promised of the telemetry itself is judged however little of it there is, unless that is not known.
        least_completeness=0.0 if metric.dimension == "telemetry" and not elsewhere else contract.completeness,
        coverage=coverage,
        least_coverage=contract.coverage_of(objective) if objective.needs_truth else None,
        # What is of a time in which nothing was promised must not break, nor keep, a promise.
        applies=contract.is_valid_at(around.due.start_ns) and contract.is_valid_at(around.due.end_ns - 1),
        closed=around.closed,
        behind=around.behind,
        budget=None,
        window_s=around.due.size_s,
        start=rfc3339(around.due.start_ns),
        end=rfc3339(around.due.end_ns),
    )


def _completeness(cell: Cell, elsewhere: int) -> float | None:
    """Share of the records of a part of a window that are complete, at least: any unplaced one may be one of them."""
    counts = cell.total.counts
    return share(counts[slots.COMPLETE], counts[slots.RECORDS] + elsewhere).value
