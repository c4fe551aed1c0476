"""Output tensors of a model to the answer that its ``model.yaml`` declares, and the facts of that answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.qoa.v1 import quality_pb2
from hallmark_common.attributes import MAX_FACTS
from hallmark_common.datatypes import BYTES
from hallmark_common.model_spec import ClassesOutput, ModelSpec, NumberOutput, ProbabilityOutput, RawOutput
from hallmark_preprocess.model_output import wrong_output
from hallmark_preprocess.oip_tensors import datatype_of, encode_raw
from hallmark_preprocess.scores import Floats, entropy_bits, sigmoid, softmax

SCORE_TOLERANCE = 1e-4
"""Scores are probabilities; float32 arithmetic may put them this far outside of 0 to 1."""


@dataclass(frozen=True)
class Answer:
    """What was answered: one prediction an instance, or for a raw output tensors, and the facts of it."""

    facts: quality_pb2.PredictionFacts
    predictions: Sequence[preprocess_pb2.Prediction] = ()
    tensors: Sequence[preprocess_pb2.Tensor] = ()


def make_answer(spec: ModelSpec, outputs: Mapping[str, NDArray[Any]], instances: int) -> Answer:
    """The answer to a request of so many instances.

    Raises:
        HallmarkError: INTERNAL, reason MODEL_OUTPUT; an output is missing, of a wrong shape, or not finite.
    """
    output = spec.output
    if isinstance(output, RawOutput):
        return _raw(spec, output, outputs, instances)
    name, array = _pick(spec, output.tensor, outputs)
    if isinstance(output, ClassesOutput):
        return _classes(output, _scores(spec, output, name, array, instances))
    if isinstance(output, ProbabilityOutput):
        return _probability(output, _probabilities(spec, output, name, array, instances))
    # What overflows is infinite, and refused as such.
    with np.errstate(over="ignore"):
        values = _single_column(spec, name, array, instances) * output.scale + output.offset
    _check_finite(spec, name, values)
    return _number(output, values)


def _classes(output: ClassesOutput, scores: Floats) -> Answer:
    # Stable, so that of equal scores the label that is declared first wins, on every machine.
    order = np.argsort(-scores, axis=1, kind="stable")
    predictions = []
    for row, ranks in zip(scores.tolist(), order.tolist(), strict=True):
        ranked = [preprocess_pb2.ClassScore(label=output.labels[rank], score=row[rank]) for rank in ranks]
        best = preprocess_pb2.Classes(label=ranked[0].label, confidence=ranked[0].score, scores=ranked)
        predictions.append(preprocess_pb2.Prediction(classes=best))
    kept = [prediction.classes for prediction in predictions[:MAX_FACTS]]
    facts = quality_pb2.PredictionFacts(
        kind="classes",
        count=len(predictions),
        labels=[classes.label for classes in kept],
        confidences=[classes.confidence for classes in kept],
        entropies=entropy_bits(scores[:MAX_FACTS]).tolist(),
    )
    return Answer(facts, predictions)


def _probability(output: ProbabilityOutput, probabilities: Floats) -> Answer:
    decided = [
        preprocess_pb2.Probability(
            label=output.label if value >= output.threshold else output.absence,
            probability=value,
            positive=value >= output.threshold,
            event=output.label,
        )
        for value in probabilities.tolist()
    ]
    kept = probabilities[:MAX_FACTS]
    facts = quality_pb2.PredictionFacts(
        kind="probability",
        count=len(decided),
        labels=[one.label for one in decided[:MAX_FACTS]],
        confidences=np.where(kept >= output.threshold, kept, 1 - kept).tolist(),
        entropies=entropy_bits(np.stack([kept, 1 - kept], axis=1)).tolist(),
        values=kept.tolist(),
    )
    return Answer(facts, [preprocess_pb2.Prediction(probability=one) for one in decided])


def _number(output: NumberOutput, column: Floats) -> Answer:
    values: list[float] = column.tolist()
    predictions = [
        preprocess_pb2.Prediction(number=preprocess_pb2.Number(value=value, unit=output.unit)) for value in values
    ]
    facts = quality_pb2.PredictionFacts(kind="number", count=len(values), values=values[:MAX_FACTS])
    return Answer(facts, predictions)


def _raw(spec: ModelSpec, output: RawOutput, outputs: Mapping[str, NDArray[Any]], instances: int) -> Answer:
    arrays = {name: _pick(spec, name, outputs)[1] for name in output.tensors or outputs}
    tensors = [
        preprocess_pb2.Tensor(name=name, datatype=datatype_of(array), shape=array.shape, contents=encode_raw(array))
        for name, array in arrays.items()
    ]
    facts = quality_pb2.PredictionFacts(kind="raw", count=instances, values=_means(spec, arrays, instances))
    return Answer(facts, tensors=tensors)


def _means(spec: ModelSpec, arrays: Mapping[str, NDArray[Any]], instances: int) -> list[float]:
    """Mean over all numeric outputs, of each instance where all of them count instances on axis 0."""
    numeric = {name: array.astype(np.float64) for name, array in arrays.items() if array.dtype != BYTES and array.size}
    for name, array in numeric.items():
        _check_finite(spec, name, array)
    if not numeric:
        return []
    if all(array.ndim and len(array) == instances for array in numeric.values()):
        flat = np.concatenate([array.reshape(instances, -1) for array in numeric.values()], axis=1)
    else:
        flat = np.concatenate([array.ravel() for array in numeric.values()])[None]
    # Divided first: the sum of large numbers would overflow where their mean does not.
    return [float(mean) for mean in (flat / flat.shape[1]).sum(axis=1)[:MAX_FACTS]]


def _scores(spec: ModelSpec, output: ClassesOutput, name: str, array: NDArray[Any], instances: int) -> Floats:
    shape = (instances, len(output.labels))
    if instances == 1 and array.shape == shape[1:]:
        array = array[None]
    if array.shape != shape:
        raise wrong_output(spec.name, name, f"shape {list(shape)}", f"{list(array.shape)}")
    return _activated(spec, name, array, output.activation)


def _activated(spec: ModelSpec, name: str, array: NDArray[Any], activation: str) -> Floats:
    values = array.astype(np.float64)
    _check_finite(spec, name, values)
    if activation == "softmax":
        return softmax(values)
    if activation == "sigmoid":
        return sigmoid(values)
    if (values < -SCORE_TOLERANCE).any() or (values > 1 + SCORE_TOLERANCE).any():
        raise wrong_output(spec.name, name, "scores from 0 to 1 (or an activation in model.yaml)", "others")
    return np.clip(values, 0.0, 1.0)


def _probabilities(
    spec: ModelSpec, output: ProbabilityOutput, name: str, array: NDArray[Any], instances: int
) -> Floats:
    columns = array.reshape(-1, 1) if array.ndim <= 1 else array
    if columns.ndim != 2 or len(columns) != instances or not -columns.shape[1] <= output.index < columns.shape[1]:
        raise wrong_output(
            spec.name, name, f"shape [{instances}, K] with a column {output.index}", f"{list(array.shape)}"
        )
    return _activated(spec, name, columns, output.activation)[:, output.index]


def _single_column(spec: ModelSpec, name: str, array: NDArray[Any], instances: int) -> Floats:
    if array.size != instances or array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        raise wrong_output(spec.name, name, f"shape [{instances}] or [{instances}, 1]", f"{list(array.shape)}")
    return array.astype(np.float64).reshape(-1)


def _pick(spec: ModelSpec, name: str | None, outputs: Mapping[str, NDArray[Any]]) -> tuple[str, NDArray[Any]]:
    if name is None and len(outputs) == 1:
        name = next(iter(outputs))
    if name is None or name not in outputs:
        wanted = "one output, or output.tensor in model.yaml" if name is None else "this output"
        raise wrong_output(spec.name, name or "outputs", wanted, ", ".join(outputs) or "none")
    if outputs[name].dtype == BYTES and not isinstance(spec.output, RawOutput):
        raise wrong_output(spec.name, name, "numbers", "BYTES")
    return name, outputs[name]


def _check_finite(spec: ModelSpec, name: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        raise wrong_output(spec.name, name, "finite numbers", "NaN or infinity")
