"""What an engine has kept of a study, read from its store once it has stopped.

Figures are made of the records by the engine's own code. Aggregates merge exactly, so those of a week or a month are
those of its days put together.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.flights.flight import DAY_S, HOUR_S
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.metrics.context import CategoryColumn, ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure, segments_of
from hallmark_qoa.models import Models
from hallmark_qoa.stores.base import Due, Filter, Fold, Store, Windows
from hallmark_qoa.stores.open import open_store
from hallmark_qoa.windows.cells import cell_of
from hallmark_qoa.windows.fold import fold_records
from tests.support.command import ROOT

MODEL = "flights"
QUALITY = ("accuracy", "auc", "brier_score", "calibration_error", "label_coverage", "label_delay.p50")
INPUT = ("completeness", "prediction_share[late]", "distance.mean", "response_time.p50", "response_time.p95")
COLUMNS = (
    *("carrier", "origin", "dest", "hour", "weekday", "distance"),
    *("temp", "wind_speed", "precip", "visib", "pressure", "humid", "@prediction"),
)
DRIFT = tuple(f"psi[{column}]" for column in COLUMNS)
OF_CARRIERS = ("accuracy", "auc", "calibration_error", "prediction.mean", "label_coverage")
NS = 10**9


async def gather(state_dir: Path, consumer: str) -> dict[str, Any]:
    """Figures by day, week, month and carrier, and every verdict on a day; the hours' are counted."""
    store = await open_store(
        url="",
        state_dir=state_dir,
        engine="study",
        password_file=None,
        base_s=HOUR_S,
        horizon_ns=400 * DAY_S * NS,
    )
    try:
        return await _gathered(store, consumer)
    finally:
        await store.close()


async def _gathered(store: Store, consumer: str) -> dict[str, Any]:
    context = Models(ROOT / "models", cpu_hour_price=0.04).context(MODEL)
    days = await store.verdicts(Windows(DAY_S, MODEL, consumer))
    hours = await store.verdicts(Windows(HOUR_S, MODEL, consumer))
    starts = sorted({one.start.seconds * NS for one in days})
    folds = [fold for start_ns in starts for fold in await _folded(store, consumer, start_ns, context)]
    return {
        "records": await store.count(Filter(consumer=consumer, model=MODEL)),
        "days": _periods(folds, context, _day, (*QUALITY, *INPUT, *DRIFT)),
        "weeks": _periods(folds, context, _week, (*QUALITY, *INPUT, *DRIFT)),
        "months": _periods(folds, context, _month, (*QUALITY, *INPUT, *DRIFT)),
        "carriers": _carriers(folds, context),
        "trained_on_carriers": _trained_on(context, "carrier"),
        "verdicts_of_days": [_verdict(one) for one in days],
        "verdicts_of_hours": _counts(hours),
    }


async def _folded(store: Store, consumer: str, start_ns: int, context: ModelContext) -> list[Fold]:
    """The folds of one day."""
    due = Due("fold", DAY_S, MODEL, consumer, start_ns, 0, 0)
    return fold_records(due, await store.observed(MODEL, consumer, start_ns, due.end_ns), context)


def _day(ns: int) -> str:
    return datetime.fromtimestamp(ns // NS, UTC).strftime("%Y-%m-%d")


def _week(ns: int) -> str:
    """Its Monday."""
    return _day(ns - (ns // NS // DAY_S + 3) % 7 * DAY_S * NS)


def _month(ns: int) -> str:
    return _day(ns)[:7]


def _by(folds: Sequence[Fold], period: Any) -> dict[str, list[Fold]]:
    found: dict[str, list[Fold]] = {}
    for fold in folds:
        found.setdefault(period(fold.start_ns), []).append(fold)
    return found


def _periods(folds: Sequence[Fold], context: ModelContext, period: Any, keys: Sequence[str]) -> dict[str, Any]:
    of_all = [fold for fold in folds if not fold.segment]
    return {name: _figures(_cell(found), context, keys) for name, found in sorted(_by(of_all, period).items())}


def _carriers(folds: Sequence[Fold], context: ModelContext) -> dict[str, dict[str, Any]]:
    """Figures by month and carrier."""
    of_carriers = [fold for fold in folds if not fold.segment or fold.segment.startswith("carrier=")]
    return {
        month: {
            carrier: _figures(cell, context, OF_CARRIERS)
            for carrier, cell in sorted(segments_of(_cell(found), "carrier").items())
        }
        for month, found in sorted(_by(of_carriers, _month).items())
    }


def _trained_on(context: ModelContext, name: str) -> dict[str, float]:
    """Share of each value of a column in the training data."""
    column = context.column(name)
    assert isinstance(column, CategoryColumn), f"{name} has no categories"
    return dict(column.shares)


def _cell(folds: Sequence[Fold]) -> Cell:
    cell = cell_of(folds)
    assert cell is not None, "there is no window of all"
    return cell


def _figures(cell: Cell, context: ModelContext, keys: Sequence[str]) -> dict[str, float | int | None]:
    values = {key: measure(cell, context, key).value for key in keys}
    rounded = {key: None if value is None else float(f"{value:.5g}") for key, value in values.items()}
    return {"count": measure(cell, context, "record_completeness").count, **rounded}


def _verdict(one: WindowVerdict) -> dict[str, Any]:
    return {
        "start": datetime.fromtimestamp(one.start.seconds, UTC).strftime("%Y-%m-%dT%H:%M"),
        "objective": one.objective,
        "verdict": one.verdict,
        "observed": float(f"{one.observed:.5g}") if one.HasField("observed") else None,
        "threshold": one.threshold,
        "blame": {"kind": one.blame.kind, "name": one.blame.name, "detail": one.blame.detail},
        "reasons": list(one.reasons),
        "evidence": [
            {"prediction_id": found.prediction_id, "span_id": found.span_id, "detail": found.detail}
            for found in one.evidence[:1]
        ],
    }


def _counts(verdicts: Sequence[WindowVerdict]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in verdicts:
        counts = found.setdefault(one.objective, {})
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    return found
