"""The first model.yaml of an added model: it serves as it is, and says what to edit next. Text in, text out."""

import json
import math
import re
from typing import Any

import yaml

from hallmark_cli.models.signature import GraphTensor, Signature

MAX_EXAMPLE = 256
"""Elements; a longer example helps nobody."""

MAX_NAME = 63
ZEROS = {"BOOL": False, "FP16": 0.0, "FP32": 0.0, "FP64": 0.0, "BYTES": ""}


def valid_name(stem: str) -> str:
    """A model name made of a file name: lower case, everything else than letters, digits, dot, _ and - as one -."""
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).lstrip("._-")[:MAX_NAME].rstrip("._-")


def example_of(signature: Signature, extent: int | None, *, batched: bool) -> dict[str, Any] | None:
    """A REST body of one instance of zeros; None where it would be too long or no extent is known to work."""
    if extent is None:
        return None
    shapes = {tensor.name: tensor.sized(1 if batched else None, extent) for tensor in signature.inputs}
    if sum(math.prod(shape) for shape in shapes.values()) > MAX_EXAMPLE:
        return None
    instance = {
        tensor.name: _nested(shapes[tensor.name][1:] if batched else shapes[tensor.name], ZEROS.get(tensor.datatype, 0))
        for tensor in signature.inputs
    }
    return {"instances": [instance]}


def model_yaml(name: str, version: str, source: str, signature: Signature, extent: int | None, *, batched: bool) -> str:
    """The whole file. ``source`` is the name of the file that was added, ``extent`` one that works for free axes."""
    example = example_of(signature, extent, batched=batched)
    lines = [
        f"# Written by `hallmark models add` from {_comment(source)}. It serves as it is; comments say what to edit.",
        "# Every key is described in docs/model-yaml.md.",
        f"name: {_scalar(name)}",
        f"title: {_scalar(name)}  # one line for people",
        'description: ""  # a paragraph for people',
        f"default_version: {_scalar(version)}",
        "",
        *_input_hint(signature),
        "input:",
        "  kind: tensor",
        *_batched_lines(batched),
        "  tensors:  # -1: any extent; minimum and maximum may be added, then values outside are refused",
        *(line for tensor in signature.inputs for line in _tensor_lines(tensor)),
        "",
        *_output_hint(signature),
        "output:",
        "  kind: raw",
        "",
        *_example_lines(example),
    ]
    return "\n".join(lines) + "\n"


def _batched_lines(batched: bool) -> list[str]:
    if batched:
        return [
            "  # Axis 0 counts instances: tried, a row's answer is the same alone and among others.",
            "  batched: true",
        ]
    return [
        "  # One request is one instance, which holds the whole tensors: axis 0 was not seen to count",
        "  # instances that are answered independently of each other.",
        "  batched: false",
    ]


def _tensor_lines(tensor: GraphTensor) -> list[str]:
    names = ", ".join(axis for axis in tensor.axes if isinstance(axis, str))
    return [
        f"    - name: {_scalar(tensor.name)}",
        f"      datatype: {tensor.datatype}",
        f"      shape: {json.dumps(list(tensor.shape))}" + (f"  # free: {_comment(names)}" if names else ""),
    ]


def _input_hint(signature: Signature) -> list[str]:
    """What else the input could be declared as, going by shapes."""
    shapes = [tensor.shape for tensor in signature.inputs]
    if len(shapes) == 1 and len(shapes[0]) == 4:
        return _image_hint(shapes[0])
    if all(len(shape) == 2 for shape in shapes):
        return [
            "# If the model takes rows of a table, declare the columns, and each row is checked, encoded and measured:",
            "#   kind: table, with columns instead of tensors",
        ]
    return []


def _image_hint(shape: tuple[int, ...]) -> list[str]:
    last = shape[3] in (1, 3) and shape[1] not in (1, 3)
    channels, height, width = (shape[3], *shape[1:3]) if last else shape[1:]
    return [
        "# If the model takes images, declare that, and image files are decoded, resized and measured:",
        "# input:",
        "#   kind: image",
        f"#   width: {max(width, 1) if width > 0 else 224}",
        f"#   height: {max(height, 1) if height > 0 else 224}",
        f"#   color: {'grey' if channels == 1 else 'rgb'}",
        f"#   layout: {'NHWC' if last else 'NCHW'}",
        "#   scale: 0.00392156862745098  # 1/255; then mean and std per channel, as in training",
    ]


def _output_hint(signature: Signature) -> list[str]:
    found = [f"{_comment(tensor.name)} {tensor.datatype} {list(tensor.shape)}" for tensor in signature.outputs]
    first = _scalar(signature.outputs[0].name)
    return [
        f"# The graph gives: {'; '.join(found)}.",
        "# raw answers with these tensors. To have labels, confidence and entropy, declare what one of them means:",
        "# output:",
        f"#   kind: classes  # or probability with a label, or number with a unit; tensor: {first}",
        "#   labels: [first, second]  # one a class, in the order of the graph",
        "#   activation: none  # softmax where the graph gives logits",
    ]


def _example_lines(example: dict[str, Any] | None) -> list[str]:
    if example is None:
        return ["# example: a REST body for the page; zeros are refused by the graph, or too many to be written here."]
    return ["# An example of a REST body, shown on the page; replace the zeros.", f"example: {_flow(example)}"]


def _nested(shape: tuple[int, ...], value: object) -> object:
    """Nested lists of a shape, all of one value."""
    nested = value
    for extent in reversed(shape):
        nested = [nested] * extent
    return nested


def _scalar(text: str) -> str:
    """Any text as a quoted YAML scalar on one line."""
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)).strip()


def _flow(value: object) -> str:
    # Without aliases: _nested puts the same list at every place.
    dumper = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return str(yaml.dump(value, Dumper=dumper, default_flow_style=True, width=math.inf, allow_unicode=True)).strip()


def _comment(text: str) -> str:
    """Any text for a comment: one line of what can be printed."""
    return "".join(character if character.isprintable() else "?" for character in text)
