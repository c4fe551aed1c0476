"""Evidently's presets over recorded predictions."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hallmark_cli.batch.extras import needed
from hallmark_cli.batch.frame import ANSWER, PROBABILITY, TRUTH, Frame
from hallmark_common.model_spec import ClassesOutput, ModelSpec, NumberOutput, ProbabilityOutput

WHO = "hallmark batch evidently"


@dataclass(frozen=True, slots=True)
class Made:
    """One report of Evidently, as a page and as JSON."""

    html: str
    json: Any


def data_report(current: Frame, reference: Frame | None) -> Made:
    """A summary of inputs and answers; with a reference also how they have drifted from it."""
    presets = needed("evidently.presets", "evidently", WHO)
    empty = {*current.empty(), *(reference.empty() if reference is not None else ())}
    current = current.without(sorted(empty))
    reference = reference.without(sorted(empty)) if reference is not None else None
    chosen = [presets.DataSummaryPreset()]
    if reference is not None:
        chosen.insert(0, presets.DataDriftPreset())
    columns = [*current.numbers, *current.categories]
    tasks = {"numerical_columns": list(current.numbers), "categorical_columns": list(current.categories)}
    return _made(chosen, tasks, current.data[columns], None if reference is None else reference.data[columns])


def answers_report(current: Frame, reference: Frame | None, spec: ModelSpec) -> Made | None:
    """How right the answers were whose truth is known; None where none is, or where answers are neither."""
    task = _task(spec)
    if task is None or current.known.empty:
        return None
    presets = needed("evidently.presets", "evidently", WHO)
    number = isinstance(spec.output, NumberOutput)
    preset = presets.RegressionPreset() if number else presets.ClassificationPreset()
    columns = [name for name in (ANSWER, TRUTH, PROBABILITY) if name in current.data]
    before = reference.known[columns] if reference is not None and not reference.known.empty else None
    return _made([preset], {"regression" if number else "classification": [task]}, current.known[columns], before)


def _task(spec: ModelSpec) -> Any:
    evidently = needed("evidently", "evidently", WHO)
    output = spec.output
    if isinstance(output, ProbabilityOutput):
        return evidently.BinaryClassification(
            target=TRUTH, prediction_labels=ANSWER, prediction_probas=PROBABILITY, pos_label=output.label
        )
    if isinstance(output, ClassesOutput):
        return evidently.MulticlassClassification(target=TRUTH, prediction_labels=ANSWER)
    return evidently.Regression(target=TRUTH, prediction=ANSWER) if isinstance(output, NumberOutput) else None


def _made(presets: Sequence[Any], definition: dict[str, Any], current: Any, reference: Any) -> Made:
    evidently = needed("evidently", "evidently", WHO)

    def dataset(frame: Any) -> Any:
        return evidently.Dataset.from_pandas(frame, data_definition=evidently.DataDefinition(**definition))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of divisions by zero in small samples
        run = evidently.Report(presets).run(dataset(current), None if reference is None else dataset(reference))
        return Made(run.get_html_str(as_iframe=False), json.loads(run.json()))
