"""Measure: figures from what is kept of a window. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping

from hallmark_common import attributes
from hallmark_common.catalogue import ANSWERS, CATALOGUE, Metric, figure_key, resolve, split_spread
from hallmark_common.segments import OTHER
from hallmark_qoa.metrics import measure_data, measure_drift, measure_model, measure_service, slots
from hallmark_qoa.metrics.context import CategoryColumn, Column, ModelContext, NumberColumn
from hallmark_qoa.metrics.figure import Cell, Figure
from hallmark_qoa.metrics.formulas import spread
from hallmark_qoa.metrics.formulas.spread import Segment

Measure = Callable[[Cell, ModelContext, str, str], Figure]

_MEASURES: Mapping[str, Measure] = {
    "availability": measure_service.availability,
    "reliability": measure_service.reliability,
    "error_ratio": measure_service.error_ratio,
    "deadline_misses": measure_service.deadline_misses,
    "throughput": measure_service.throughput,
    "price": measure_service.price,
    "record_completeness": measure_service.record_completeness,
    "missing_stages": measure_service.missing_stages,
    "label_coverage": measure_service.label_coverage,
    "completeness": measure_data.completeness,
    "validity": measure_data.validity,
    "null_count": measure_data.null_count,
    "none_ratio": measure_data.none_ratio,
    "duplicate_ratio": measure_data.duplicate_ratio,
    "error_ratios": measure_data.error_ratios,
    "total_errors": measure_data.total_errors,
    "total_valid": measure_data.total_valid,
    "total_none": measure_data.null_count,
    "total_duplicate": measure_data.total_duplicate,
    "out_of_range": measure_data.out_of_range,
    "color_mode": measure_data.color_mode,
    "input_mean": measure_data.input_mean,
    "input_variance": measure_data.input_variance,
    "outlier_ratio": measure_data.outlier_ratio,
    "prediction_share": measure_model.prediction_share,
    "accuracy": measure_model.accuracy,
    "balanced_accuracy": measure_model.balanced_accuracy,
    "precision": measure_model.precision,
    "recall": measure_model.recall,
    "f1": measure_model.f1,
    "auc": measure_model.auc,
    "log_loss": measure_model.log_loss,
    "brier_score": measure_model.brier_score,
    "calibration_error": measure_model.calibration_error,
    "max_calibration_error": measure_model.max_calibration_error,
    "mse": measure_model.mse,
    "rmse": measure_model.rmse,
    "mae": measure_model.mae,
    "mean_error": measure_model.mean_error,
    "r2": measure_model.r2,
    "psi": measure_drift.psi,
    "jensen_shannon": measure_drift.jensen_shannon,
    "kullback_leibler": measure_drift.kullback_leibler,
    "hellinger": measure_drift.hellinger,
    "total_variation": measure_drift.total_variation,
    "kolmogorov_smirnov": measure_drift.kolmogorov_smirnov_distance,
    "ks_p_value": measure_drift.ks_p_value,
    "wasserstein": measure_drift.wasserstein,
    "chi_squared": measure_drift.chi_squared,
    "chi_squared_p_value": measure_drift.chi_squared_p_value,
}
"""How each metric is measured that is not a number of a distribution."""

IMAGE_COLUMNS = frozenset(("brightness", "contrast", "sharpness"))


def measure(cell: Cell, context: ModelContext, key: str) -> Figure:
    """One figure of a window; without a value where the model or the window has nothing that it could be of.

    Raises:
        ValueError: the catalogue has no such figure.
    """
    metric, of, aggregate = resolve(key)
    if metric.name == "spread":
        return _spread(cell, context, of, aggregate)
    if metric.name in _MEASURES:
        return _MEASURES[metric.name](cell, context, of, aggregate)
    return measure_service.distribution(cell.total, distribution_slot(metric.name, of), aggregate)


def measure_all(cell: Cell, context: ModelContext, only: Collection[str] = ()) -> dict[str, Figure]:
    """Every figure that applies to the model and that the window has samples of, or those that are wanted.

    ``only`` has keys, which are measured whether there are samples or not, and names of metrics.

    Raises:
        ValueError: it has something else.
    """
    names = frozenset(only) & CATALOGUE.keys() if only else CATALOGUE.keys()
    keys = [key for name in CATALOGUE if name in names for key in _keys(CATALOGUE[name], cell, context)]
    figures = {key: measure(cell, context, key) for key in keys}
    found = {key: figure for key, figure in figures.items() if figure.count}
    return found | {key: measure(cell, context, key) for key in only if key not in names}


def distribution_slot(name: str, of: str) -> str:
    """Where the distribution is kept that a metric is a number of."""
    return slots.column(name) if name in IMAGE_COLUMNS else figure_key(name, of)


def segments_of(cell: Cell, dimension: str) -> dict[str, Cell]:
    """The segments of a dimension as cells, by value; without ``other``, which is no group of its own."""
    found = {}
    for name, aggregate in cell.segments.items():
        of, _, value = name.partition("=")
        if of == dimension and value != OTHER:
            found[value] = Cell(aggregate, {}, cell.seconds)
    return found


def _spread(cell: Cell, context: ModelContext, of: str, aggregate: str) -> Figure:
    key, dimension = split_spread(of)
    metric, _, _ = resolve(key)
    if metric.name == "spread":
        raise ValueError(f"spread[{of}]: a spread has no spread of its own")
    figures = [measure(part, context, key) for part in segments_of(cell, dimension).values()]
    counted = [figure for figure in figures if figure.value is not None and figure.count >= metric.least]
    count = sum(figure.count for figure in counted)
    if aggregate == "difference":
        value = spread.difference(_segments(counted))
        return Figure(value, count, 2 * max((figure.error for figure in counted), default=0.0))
    value = spread.balance(_segments(counted))
    return Figure(value, count, _ratio_error(counted, value))


def _segments(figures: list[Figure]) -> list[Segment]:
    return [Segment(figure.value, figure.count) for figure in figures]


def _ratio_error(figures: list[Figure], ratio: float | None) -> float:
    """The most by which smallest by largest may be off, where each is off by its error."""
    if ratio is None:
        return 0.0
    largest = max(figure.value or 0.0 for figure in figures)
    error = max(figure.error for figure in figures)
    return error * (1 + ratio) / (largest - error) if largest > error else 1.0


def _keys(metric: Metric, cell: Cell, context: ModelContext) -> Iterator[str]:
    """Every key of a metric that can have a value in a window; of spreads only those that are asked for by key."""
    for of in _whatever(metric, cell, context):
        for aggregate in metric.aggregates or ("",):
            yield figure_key(metric.name, of, aggregate)


def _whatever(metric: Metric, cell: Cell, context: ModelContext) -> list[str]:
    whole = [""] if not metric.of or metric.of_optional else []
    if metric.of == "stage":
        return [*whole, *attributes.STAGES]
    if metric.of == "column":
        return [*whole, *_columns(metric, context)]
    if metric.of == "label":
        return [*whole, *context.labels]
    if metric.of in ("status", "mode"):
        table = slots.STATUS if metric.of == "status" else slots.MODE
        return [*whole, *sorted(cell.total.table(table))]
    return whole


def _columns(metric: Metric, context: ModelContext) -> list[str]:
    """Columns that a metric is about; violations also occur in what is not recorded."""
    if metric.name in ("error_ratios", "total_errors", "out_of_range"):
        return sorted(context.fields)
    if metric.dimension != "drift":
        return list(context.columns)
    candidates = {**context.columns, ANSWERS: context.answers}
    return [name for name, column in candidates.items() if _is_compared(column, metric.name)]


_OF_NUMBERS = frozenset(("kolmogorov_smirnov", "ks_p_value", "wasserstein"))
_OF_CATEGORIES = frozenset(("chi_squared", "chi_squared_p_value"))


def _is_compared(column: Column | None, metric: str) -> bool:
    if isinstance(column, NumberColumn):
        return column.reference is not None and metric not in _OF_CATEGORIES
    return isinstance(column, CategoryColumn) and bool(column.shares) and metric not in _OF_NUMBERS
