"""Whether a model has what an objective asks for: its columns, labels, segments, and the metric at all."""

from collections.abc import Iterator

from hallmark_common.catalogue import ANSWERS, CATALOGUE, Metric, split_spread
from hallmark_common.contracts.figures import expected_one_of, innermost
from hallmark_common.contracts.model import Contract, Objective
from hallmark_common.contracts.problem import Problem
from hallmark_common.model_spec import (
    ClassesOutput,
    ColumnSpec,
    ImageInput,
    ModelSpec,
    ProbabilityOutput,
    TableInput,
)
from hallmark_common.profile import IMAGE_MEASURES
from hallmark_common.segments import segments_of

_NEEDS_OUTPUT = {
    **dict.fromkeys(("confidence", "entropy", "prediction_share"), ("classes", "probability")),
    **dict.fromkeys(("accuracy", "balanced_accuracy", "precision", "recall", "f1"), ("classes", "probability")),
    **dict.fromkeys(("brier_score", "calibration_error", "max_calibration_error"), ("classes", "probability")),
    **dict.fromkeys(("auc", "log_loss"), ("probability",)),
    **dict.fromkeys(("mse", "rmse", "mae", "mean_error", "r2"), ("number",)),
    "prediction": ("probability", "number", "raw"),
}
"""Kinds of output that a metric of the answers can be had of."""

_NEEDS_INPUT = {
    **dict.fromkeys(
        ("image_width", "image_height", "image_size", "color_mode", "brightness", "contrast", "sharpness"), ("image",)
    ),
    **dict.fromkeys(("null_count", "none_ratio", "total_none", "duplicate_ratio", "total_duplicate"), ("table",)),
}
"""Kinds of input that a metric of the data can be had of."""

_OF_NUMBERS = frozenset(
    {
        *("input_mean", "input_variance", "input_value", "outlier_ratio"),
        *("kolmogorov_smirnov", "ks_p_value", "wasserstein"),
    }
)
"""Metrics of a column that needs to be a number."""

_OF_SCHEMA = frozenset({"null_count", "none_ratio", "error_ratios", "total_errors", "out_of_range"})
"""Metrics of a column whose values need not be recorded."""

_OF_REFERENCE = frozenset({"outlier_ratio", "distance"})
"""Metrics beside those of drift that compare with the training data."""


def fit_problems(contract: Contract, spec: ModelSpec) -> Iterator[Problem]:
    """What a contract asks of a model and cannot be had."""
    if contract.model.variant not in (None, spec.variant):
        yield Problem(
            ("model", "variant"),
            f"{spec.name} is served as {spec.variant!r}, got {contract.model.variant!r}",
            "warning",
        )
    for index, objective in enumerate(contract.objectives):
        for key, message in misfits(objective, spec):
            yield Problem(("objectives", index, key), message)


def misfits(objective: Objective, spec: ModelSpec) -> Iterator[tuple[str, str]]:
    """The key that is wrong and why."""
    metric, of = innermost(CATALOGUE[objective.metric], objective.of)
    message = _cannot_be_had(metric, spec)
    if message:
        yield "metric" if metric.name == objective.metric else "of", message
    elif of:
        message = _no_such(metric, of, spec)
        if message:
            yield "of", message
    if objective.segment:
        yield from (("segment", text) for text in _segment_misfits(objective.segment, spec))
    if metric.name != objective.metric:
        dimension = split_spread(objective.of)[1]
        yield from (("of", text) for text in _dimension_misfits(dimension, spec))


def _cannot_be_had(metric: Metric, spec: ModelSpec) -> str:
    outputs = _NEEDS_OUTPUT.get(metric.name, (spec.output.kind,))
    if spec.output.kind not in outputs:
        return (
            f"{metric.name} is of answers of kind {' or '.join(outputs)}, those of {spec.name} are {spec.output.kind}"
        )
    inputs = _NEEDS_INPUT.get(metric.name, (spec.input.kind,))
    if spec.input.kind not in inputs:
        return f"{metric.name} is of {' or '.join(inputs)} inputs, those of {spec.name} are {spec.input.kind}"
    if _compares(metric) and spec.reference is None:
        return f"{metric.name} compares with the training data; {spec.name} declares no `reference` in its model.yaml"
    return ""


def _compares(metric: Metric) -> bool:
    return metric.dimension == "drift" or metric.name in _OF_REFERENCE


def _no_such(metric: Metric, of: str, spec: ModelSpec) -> str:
    """Why a model does not have what a metric is of, empty where it does."""
    if metric.of == "label":
        labels = labels_of(spec)
        return "" if of in labels else expected_one_of(f"label of {spec.name}", of, labels)
    if metric.of == "column":
        return (
            _no_answers(metric, spec) if of == ANSWERS and metric.dimension == "drift" else _no_column(metric, of, spec)
        )
    return ""


def labels_of(spec: ModelSpec) -> tuple[str, ...]:
    """Labels that a model answers with, none where it answers with numbers."""
    if isinstance(spec.output, ClassesOutput):
        return spec.output.labels
    return (spec.output.label, spec.output.absence) if isinstance(spec.output, ProbabilityOutput) else ()


def _no_answers(metric: Metric, spec: ModelSpec) -> str:
    if spec.output.kind == "raw":
        return f"{metric.name} of {ANSWERS} needs answers that are labels or numbers, those of {spec.name} are raw"
    if metric.name in _OF_NUMBERS and spec.output.kind != "number":
        return f"{metric.name} is of numbers, the answers of {spec.name} are labels; psi is of both"
    return ""


def _no_column(metric: Metric, of: str, spec: ModelSpec) -> str:
    if isinstance(spec.input, TableInput):
        columns = {column.name: column for column in spec.input.columns}
        return _column_misfit(metric, columns[of], spec) if of in columns else _unknown_column(of, spec, columns)
    if isinstance(spec.input, ImageInput) and metric.dimension == "drift":
        return "" if of in IMAGE_MEASURES else _unknown_column(of, spec, IMAGE_MEASURES)
    return f"{metric.name} of a column needs a table, the input of {spec.name} is {spec.input.kind}"


def _unknown_column(of: str, spec: ModelSpec, known: Iterator[str] | dict[str, ColumnSpec] | tuple[str, ...]) -> str:
    return expected_one_of(f"column of {spec.name}", of, known)


def _column_misfit(metric: Metric, column: ColumnSpec, spec: ModelSpec) -> str:
    if metric.name not in _OF_SCHEMA and column.recorded != "value":
        return (
            f"{metric.name} needs what was recorded, {column.name} has record {column.recorded}; set record: value in "
            f"the model.yaml of {spec.name}"
        )
    if metric.name in _OF_NUMBERS and column.dtype not in ("number", "integer"):
        return f"{metric.name} is of numbers, {column.name} is {column.dtype}; psi is of both"
    return ""


def _segment_misfits(segment: str, spec: ModelSpec) -> Iterator[str]:
    dimension, _, value = segment.partition("=")
    yield from _dimension_misfits(dimension, spec)
    for segmenter in segments_of(spec):
        if segmenter.name == dimension and value not in segmenter.values:
            yield expected_one_of(f"segment of {dimension}", value, segmenter.values)


def _dimension_misfits(dimension: str, spec: ModelSpec) -> Iterator[str]:
    names = [segment.name for segment in spec.segments]
    if dimension not in names:
        known = expected_one_of("dimension", dimension, names) if names else f"no such dimension: {dimension!r}"
        yield f"{known}; declare it under `segments` in the model.yaml of {spec.name}"
