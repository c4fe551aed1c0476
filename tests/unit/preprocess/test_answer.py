"""Outputs of models to answers, by kind, and the facts of them."""

import math
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import ModelSpec
from hallmark_preprocess.answer import Answer, make_answer
from hallmark_preprocess.scores import entropy_bits, sigmoid, softmax

INPUT = {"kind": "tensor", "tensors": [{"name": "x", "datatype": "FP32", "shape": [-1]}]}
ABC = {"kind": "classes", "labels": ["a", "b", "c"]}
LATE = {"kind": "probability", "label": "late"}


def answer(output: dict[str, Any], array: Any, instances: int = 1, dtype: str = "f4") -> Answer:
    outputs = array if isinstance(array, dict) else {"y": np.array(array, dtype=dtype)}
    return make_answer(ModelSpec(name="m", input=INPUT, output=output), outputs, instances)


def test_classes_are_ranked_with_facts() -> None:
    found = answer(ABC, [[0.25, 0.5, 0.25], [1, 0, 0]], 2)
    first = found.predictions[0].classes
    assert [(score.label, score.score) for score in first.scores] == [("b", 0.5), ("a", 0.25), ("c", 0.25)]
    assert (first.label, first.confidence) == ("b", 0.5)
    assert list(found.facts.labels) == ["b", "a"]
    assert list(found.facts.confidences) == [0.5, 1.0]
    assert list(found.facts.entropies) == [1.5, 0.0]
    assert (found.facts.kind, found.facts.count) == ("classes", 2)


@pytest.mark.parametrize(
    ("activation", "expected"), [("softmax", math.e / (math.e + 2)), ("sigmoid", 1 / (1 + 1 / math.e))]
)
def test_activations(activation: str, expected: float) -> None:
    found = answer({**ABC, "activation": activation}, [[0, 1, 0]])
    assert found.predictions[0].classes.confidence == pytest.approx(expected)


def test_one_instance_may_come_without_its_axis() -> None:
    assert answer(ABC, [0, 0, 1]).predictions[0].classes.label == "c"


@given(logits=arrays.arrays(np.float64, (2, 4), elements=st.floats(-1e300, 1e300)))
def test_activations_are_stable_for_any_number(logits: Any) -> None:
    shares = softmax(logits)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert ((sigmoid(logits) >= 0) & (sigmoid(logits) <= 1)).all()
    entropies = entropy_bits(shares)
    assert ((entropies >= 0) & (entropies <= 2 + 1e-9)).all()


def test_entropy_by_hand() -> None:
    found = entropy_bits(np.array([[0.5, 0.5], [1, 0], [0, 0], [2, 2]], float))
    assert found == pytest.approx([1, 0, 1, 1])


@pytest.mark.parametrize("array", [[0.75, 0.25], [[0.75], [0.25]], [[0.25, 0.75], [0.75, 0.25]]])
def test_probability_of_every_shape(array: Any) -> None:
    found = answer({**LATE, "threshold": 0.7}, array, 2)
    assert [prediction.probability.probability for prediction in found.predictions] == [0.75, 0.25]
    assert [prediction.probability.positive for prediction in found.predictions] == [True, False]
    assert list(found.facts.labels) == ["late", "not late"]
    assert list(found.facts.confidences) == [0.75, 0.75]
    assert list(found.facts.values) == [0.75, 0.25]
    assert found.facts.entropies[0] == pytest.approx(0.8112781)


def test_probability_by_index_and_softmax() -> None:
    found = answer({**LATE, "index": 0, "activation": "softmax"}, [[math.log(3), 0.0]])
    assert found.predictions[0].probability.probability == pytest.approx(0.75)


@pytest.mark.parametrize("array", [[3.0, 4.0], [[3.0], [4.0]]])
def test_number_with_scale_and_offset(array: Any) -> None:
    found = answer({"kind": "number", "unit": "min", "scale": 10, "offset": 0.5}, array, 2)
    assert [prediction.number.value for prediction in found.predictions] == [30.5, 40.5]
    assert found.predictions[0].number.unit == "min"
    assert list(found.facts.values) == [30.5, 40.5]


def test_raw_gives_tensors_and_means() -> None:
    outputs = {"y": np.array([[1, 2], [3, 4]], np.float32), "z": np.array([[3], [9]], np.int64)}
    found = answer({"kind": "raw"}, outputs, 2)
    assert [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in found.tensors] == [
        ("y", "FP32", [2, 2]),
        ("z", "INT64", [2, 1]),
    ]
    assert list(found.facts.values) == [2.0, 16 / 3]
    assert [tensor.name for tensor in answer({"kind": "raw", "tensors": ["z"]}, outputs, 2).tensors] == ["z"]
    assert list(answer({"kind": "raw"}, outputs, 1).facts.values) == [22 / 6]


def test_facts_are_bounded() -> None:
    found = answer(ABC, np.eye(3)[np.zeros(300, int)], 300)
    assert len(found.predictions) == found.facts.count == 300
    assert len(found.facts.labels) == len(found.facts.confidences) == len(found.facts.entropies) == 256


@pytest.mark.parametrize(
    ("output", "array", "instances"),
    [
        (ABC, [[1, 0]], 1),
        (ABC, [[1, 0, 0]], 2),
        (ABC, [1, 0, 0], 3),
        (ABC, [[[1, 0, 0]]], 1),
        (ABC, [[1, 0, math.nan]], 1),
        (ABC, [[2.0, -1, 0]], 1),
        ({**ABC, "activation": "softmax"}, [[math.inf, 0, 0]], 1),
        ({**ABC, "tensor": "z"}, [[1, 0, 0]], 1),
        (LATE, [0.5], 2),
        (LATE, [1.5], 1),
        (LATE, [[[0.5]]], 1),
        (LATE, 0.5, 2),
        ({**LATE, "index": 2}, [[0.5, 0.5]], 1),
        ({"kind": "number"}, [[1, 2]], 2),
        ({"kind": "number"}, [math.nan], 1),
        ({"kind": "number", "scale": 1e300}, [1e30], 1),
        ({"kind": "raw"}, [math.inf], 1),
        ({"kind": "raw", "tensors": ["z"]}, [1], 1),
        (ABC, {"y": np.zeros((1, 3)), "z": np.zeros((1, 3))}, 1),
        (ABC, {}, 1),
        ({"kind": "number"}, {"y": np.array([b"text"], dtype=object)}, 1),
    ],
)
def test_what_is_not_as_declared_is_internal(output: Any, array: Any, instances: int) -> None:
    with pytest.raises(HallmarkError) as caught:
        answer(output, array, instances, dtype="f8")
    assert caught.value.code is grpc.StatusCode.INTERNAL
    assert caught.value.reason == "MODEL_OUTPUT"
    assert caught.value.message.startswith("model m, output ")
