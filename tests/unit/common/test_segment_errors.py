"""A declaration of segments that does not fit its model is one line that names the key."""

from pathlib import Path

import pytest

from hallmark_common.model_spec import ModelSpecError, parse_model_spec

TABLE = """
name: m
input:
  kind: table
  columns:
  - {name: x, dtype: number}
  - {name: city, dtype: category, categories: [a, b], encode: one_hot}
  - {name: secret, dtype: category, categories: [a, b], encode: one_hot, record: hash}
  - {name: free, dtype: category}
  - {name: note, dtype: text, record: value}
  tensors: [{name: t, columns: [x, city, secret]}]
output: {kind: number}
segments:
"""
IMAGE = """
name: m
input: {kind: image, width: 28, height: 28}
output: {kind: number}
segments:
"""


def said(tmp_path: Path, text: str) -> str:
    path = tmp_path / "m" / "model.yaml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ModelSpecError) as caught:
        parse_model_spec(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ").removesuffix("; see docs/model-yaml.md")


@pytest.mark.parametrize(
    ("segment", "wanted"),
    [
        ("{name: s}", "segments.0: segment s: expected either column or image"),
        ("{name: s, column: x, image: size}", "segments.0: segment s: expected either column or image"),
        ("{name: s, columm: x}", "segments.0.columm: no such key; did you mean column?"),
        ("{name: S, column: city}", "segments.0.name: String should match pattern"),
        ("{name: s, column: town}", "segments: segment s: column town is not declared"),
        ("{name: s, column: secret}", "segments: segment s: column secret has record hash; segments need record value"),
        ("{name: s, column: x}", "segments: segment s: column x is number: expected edges"),
        ("{name: s, column: free}", "segments: segment s: column free is category: expected a column with categories"),
        ("{name: s, column: note}", "segments: segment s: column note is text: expected a column with categories"),
        ("{name: s, column: city, edges: [1]}", "segments: segment s: edges need a number, column city is category"),
        ("{name: s, column: x, edges: [2, 1]}", "segments.0: segment s: edges must ascend"),
        ("{name: s, column: x, edges: [1, 1]}", "segments.0: segment s: edges must ascend"),
        ("{name: s, column: x, edges: [.inf]}", "segments.0.edges.0: Input should be a finite number"),
        (f"{{name: s, column: x, edges: {list(range(32))}}}", "segments.0.edges: Tuple should have at most 31 items"),
        (
            "{name: s, image: size, edges: [1]}",
            "segments: segment s: needs an input of kind image, that of the model is table",
        ),
        ("{name: s, column: city}\n- {name: s, column: city}", "segments: two have the same name"),
        ("\n- ".join(f"{{name: s{i}, column: city}}" for i in range(9)), "segments: Tuple should have at most 8 items"),
    ],
)
def test_of_a_table(tmp_path: Path, segment: str, wanted: str) -> None:
    assert said(tmp_path, f"{TABLE}- {segment}\n").startswith(wanted)


@pytest.mark.parametrize(
    ("segment", "wanted"),
    [
        ("{name: s, image: size}", "segments.0: segment s: image needs edges"),
        ("{name: s, image: colour, edges: [1]}", "segments.0.image: Input should be 'size'"),
        (
            "{name: s, column: x, edges: [1]}",
            "segments: segment s: needs an input of kind table, that of the model is image",
        ),
    ],
)
def test_of_images(tmp_path: Path, segment: str, wanted: str) -> None:
    assert said(tmp_path, f"{IMAGE}- {segment}\n").startswith(wanted)


def test_a_broken_input_is_what_is_told_first(tmp_path: Path) -> None:
    text = TABLE.replace("dtype: number", "dtype: numbre") + "- {name: s, column: x, edges: [1]}\n"
    assert said(tmp_path, text).startswith("input.columns.0.dtype: Input should be")
