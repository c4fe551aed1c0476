"""Answers as JSON, as REST gives them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common.datatypes import DTYPE_BY_NAME
from hallmark_common.records import message_to_dict, summary_to_dict


def answer_to_dict(answer: web_pb2.PredictResponse) -> dict[str, Any]:
    """The body of a REST answer; ``prediction`` is a list where several instances were answered."""
    return {
        "prediction": _prediction(answer),
        "prediction_id": answer.prediction_id,
        "trace_id": answer.trace_id,
        "model": {"name": answer.model.name, "version": answer.model.version, "variant": answer.model.variant},
        "quality": summary_to_dict(answer.quality),
    }


def model_to_dict(model: preprocess_pb2.ModelDescription) -> dict[str, Any]:
    """The JSON form of a model's description: field names of the proto, absent only what has presence."""
    return message_to_dict(model)


def tensor_to_dict(tensor: preprocess_pb2.Tensor) -> dict[str, Any]:
    """A tensor of any shape with its elements as one flat list, row-major; NaN and infinities are null.

    BYTES elements are texts; what is not UTF-8 in them appears as ``\\xNN``.
    """
    elements = _texts(tensor.contents) if tensor.datatype == "BYTES" else _numbers(tensor)
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape), "data": elements}


def _prediction(answer: web_pb2.PredictResponse) -> Any:
    if answer.tensors:
        return {"outputs": [tensor_to_dict(tensor) for tensor in answer.tensors]}
    found = [_KINDS[str(one.WhichOneof("kind"))](one) for one in answer.predictions]
    return found[0] if len(found) == 1 else found


def _classes(one: preprocess_pb2.Prediction) -> dict[str, Any]:
    classes = one.classes
    scores = [{"label": score.label, "score": _finite(score.score)} for score in classes.scores]
    return {"label": classes.label, "confidence": _finite(classes.confidence), "scores": scores}


def _probability(one: preprocess_pb2.Prediction) -> dict[str, Any]:
    found = one.probability
    return {
        "label": found.label,
        "probability": _finite(found.probability),
        "positive": found.positive,
        "event": found.event,
    }


def _number(one: preprocess_pb2.Prediction) -> dict[str, Any]:
    return {"value": _finite(one.number.value), "unit": one.number.unit}


_KINDS: dict[str, Callable[[preprocess_pb2.Prediction], dict[str, Any]]] = {
    "classes": _classes,
    "probability": _probability,
    "number": _number,
}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(tensor: preprocess_pb2.Tensor) -> list[Any]:
    elements = np.frombuffer(tensor.contents, DTYPE_BY_NAME[tensor.datatype])
    if elements.dtype.kind != "f" or bool(np.isfinite(elements).all()):
        return list(elements.tolist())
    return [_finite(value) for value in elements.tolist()]


def _texts(contents: bytes) -> list[str]:
    found = []
    at = 0
    while at < len(contents):
        end = at + 4 + int.from_bytes(contents[at : at + 4], "little")
        found.append(contents[at + 4 : end].decode("utf-8", "backslashreplace"))
        at = end
    return found
