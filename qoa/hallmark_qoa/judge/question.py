"""Question: one promise about one variant of a model in one window, with the facts that a policy is told. Pure."""

from dataclasses import dataclass

from hallmark_common.catalogue import CATALOGUE, PLAIN_UNITS
from hallmark_common.times import rfc3339
from hallmark_qoa.judge.facts import Facts
from hallmark_qoa.judge.promises import Promise
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure
from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.cells import Cells


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


def ask(promise: Promise, variant: str, cells: Cells, context: ModelContext, around: Circumstances) -> Question | None:
    """The question about the folds of one variant; None where the promise is not about them."""
    contract, objective = promise.contract, promise.objective
    if contract.model.variant not in {None, "", variant}:
        return None
    cell = cells.cell(contract.model.versions, objective.segment)
    if cell is None:
        return None
    return Question(promise, variant, cell, _facts(promise, cell, context, around))


def _facts(promise: Promise, cell: Cell, context: ModelContext, around: Circumstances) -> Facts:
    contract, objective = promise.contract, promise.objective
    metric = CATALOGUE[objective.metric]
    figure = measure(cell, context, objective.key)
    complete = measure(cell, context, "record_completeness")
    coverage = measure(cell, context, "label_coverage").value if objective.needs_truth else None
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
        records=complete.count,
        completeness=complete.value,
        # What is promised of the telemetry itself is judged however little of it there is.
        least_completeness=0.0 if metric.dimension == "telemetry" else contract.completeness,
        coverage=coverage,
        least_coverage=contract.coverage_of(objective) if objective.needs_truth else None,
        applies=contract.is_valid_at(around.due.start_ns),
        closed=around.closed,
        behind=around.behind,
        budget=None,
        window_s=around.due.size_s,
        start=rfc3339(around.due.start_ns),
        end=rfc3339(around.due.end_ns),
    )
