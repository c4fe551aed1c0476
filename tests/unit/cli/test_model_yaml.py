"""The first model.yaml, for whatever a graph may take and give."""

import math
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hallmark_cli.models.model_yaml import MAX_EXAMPLE, example_of, model_yaml, valid_name
from hallmark_cli.models.signature import GraphTensor, Signature, may_be_batched
from hallmark_common.model_spec import Datatype, ModelSpec, TensorInput

# Names of tensors and axes are any text; a surrogate is no text, a YAML file cannot hold it.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
AXES = st.lists(st.integers(0, 300) | NAMES | st.none(), max_size=5).map(tuple)
TENSORS = st.builds(GraphTensor, NAMES, st.sampled_from(get_args(Datatype)), AXES)
SIGNATURES = st.builds(
    Signature,
    st.lists(TENSORS, min_size=1, max_size=4, unique_by=lambda tensor: tensor.name).map(tuple),
    st.lists(TENSORS, min_size=1, max_size=4, unique_by=lambda tensor: tensor.name).map(tuple),
)


def parsed(text: str) -> ModelSpec:
    return ModelSpec.model_validate(yaml.safe_load(text))


@given(SIGNATURES, NAMES, st.sampled_from([None, 1, 16]))
def test_every_signature_becomes_a_model_yaml_that_declares_it(
    signature: Signature, source: str, extent: int | None
) -> None:
    batched = may_be_batched(signature)
    spec = parsed(model_yaml("m", "1", source, signature, extent, batched=batched))
    assert isinstance(spec.input, TensorInput)
    assert spec.input.batched == batched
    assert [(t.name, t.datatype, t.shape) for t in spec.input.tensors] == [
        (t.name, t.datatype, t.shape) for t in signature.inputs
    ]
    assert spec.output.kind == "raw"
    assert spec.example == example_of(signature, extent, batched=batched)


@given(SIGNATURES, st.sampled_from([1, 16]))
def test_an_example_has_the_declared_shapes_and_is_not_long(signature: Signature, extent: int) -> None:
    batched = may_be_batched(signature)
    example = example_of(signature, extent, batched=batched)
    shapes = {tensor.name: tensor.sized(1 if batched else None, extent) for tensor in signature.inputs}
    if example is None:
        assert sum(math.prod(shape) for shape in shapes.values()) > MAX_EXAMPLE
        return
    (instance,) = example["instances"]
    for name, shape in shapes.items():
        found = np.array(instance[name], dtype=object).shape
        assert found == (shape[1:] if batched else shape)


def _signature(*inputs: Any, outputs: Any = (("n", 2),)) -> Signature:
    return Signature(
        tuple(GraphTensor(f"x{index}", "FP32", axes) for index, axes in enumerate(inputs)),
        tuple(GraphTensor(f"y{index}", "FP32", axes) for index, axes in enumerate(outputs)),
    )


def test_free_axes_are_named_where_the_graph_names_them() -> None:
    text = model_yaml("m", "1", "m.onnx", _signature(("n", None, 3), (None, 3)), 1, batched=False)
    assert [line.strip() for line in text.splitlines() if "shape:" in line] == [
        "shape: [-1, -1, 3]  # free: n",
        "shape: [-1, 3]",
    ]


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (_signature(("n", 3)), True),
        (_signature((None, 3), outputs=[(None, 2)]), True),
        (_signature(("n", 3), ("n",)), True),
        (_signature(("a", 3), outputs=[("b", 2)]), True),
        (_signature(("n", 3), ("m", 3)), False),
        (_signature(("n", 3), (2, 3)), False),
        (_signature(("n", 3), ()), False),
        (_signature(("n", "n")), False),
        (_signature((1, 3)), False),
        (_signature(("n", 3), outputs=[()]), False),
        (_signature(("n", 3), outputs=[(1, 2)]), False),
        (_signature(("n", 3), outputs=[("k", "n")]), False),
    ],
)
def test_axis_0_may_count_instances_only_where_it_is_free_and_the_same_everywhere(
    signature: Signature, expected: bool
) -> None:
    assert may_be_batched(signature) is expected


@pytest.mark.parametrize(
    ("axes", "hints"),
    [
        ((1, 3, 224, 200), ("width: 200", "height: 224", "color: rgb", "layout: NCHW")),
        (("n", 28, 30, 1), ("width: 30", "height: 28", "color: grey", "layout: NHWC")),
        (("n", 3, "h", "w"), ("width: 224", "height: 224", "color: rgb", "layout: NCHW")),
    ],
)
def test_the_hint_for_an_image_input_is_of_the_right_size_and_is_valid(axes: Any, hints: tuple[str, ...]) -> None:
    text = model_yaml("m", "1", "m.onnx", _signature(axes), None, batched=False)
    for hint in hints:
        assert f"#   {hint}\n" in text
    document = yaml.safe_load(text)
    commented = text.partition("# input:\n")[2].partition("input:\n")[0]
    document["input"] = yaml.safe_load(commented.replace("#   ", ""))
    assert ModelSpec.model_validate(document).input.kind == "image"


@given(st.text())
def test_a_name_made_of_a_file_name_is_valid_or_empty(stem: str) -> None:
    name = valid_name(stem)
    if name:
        text = model_yaml(name, "1", stem, _signature(("n", 3)), 1, batched=True)
        assert parsed(text).name == name


@pytest.mark.parametrize(
    ("stem", "name"), [("My Model (v2)", "my-model-v2"), ("_x", "x"), ("été", "t"), ("…", ""), ("a" * 99, "a" * 63)]
)
def test_names_made_of_file_names(stem: str, name: str) -> None:
    assert valid_name(Path(stem).name) == name
