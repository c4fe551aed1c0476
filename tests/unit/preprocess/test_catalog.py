"""Models loaded at start: what is broken is one line that says where; and what is told of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import ModelSpecError
from hallmark_preprocess.catalog import load_catalog

TABLE = """\
name: m
input:
  kind: table
  columns:
    - {name: x, dtype: number, unit: km, minimum: 2, nullable: true, default: 3}
    - {name: c, dtype: category, categories: [a, b], encode: one_hot}
output: {kind: number}
"""


def write(folder: Path, text: str, *versions: str, reference: str | None = None) -> Path:
    for version in versions or ("1",):
        (folder / "m" / version).mkdir(parents=True)
        (folder / "m" / version / "model.onnx").write_bytes(b"not looked into here")
    (folder / "m" / "model.yaml").write_text(text + ("reference: reference.json\n" if reference is not None else ""))
    if reference is not None:
        (folder / "m" / "reference.json").write_text(reference)
    return folder


def test_finds_by_name_and_version(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path, TABLE, "1", "2", "10"))
    model, version = catalog.find("m", "")
    assert (version, model.versions, model.profile) == ("1", ("1", "2", "10"), None)
    assert catalog.find("m", "10")[1] == "10"
    with pytest.raises(HallmarkError, match="'3' not found; there is: 1, 10, 2"):
        catalog.find("m", "3")


def test_describes_a_table(tmp_path: Path) -> None:
    (found,) = load_catalog(write(tmp_path, TABLE)).descriptions()
    number, category = found.columns
    assert (number.unit, number.minimum, number.HasField("maximum"), number.nullable) == ("km", 2, False, True)
    assert list(category.categories) == ["a", "b"]
    assert json.loads(found.example_json) == {"instances": [{"x": 2, "c": "a"}]}
    assert (found.input_kind, found.output_kind) == ("table", "number")


def test_a_given_example_is_used(tmp_path: Path) -> None:
    (found,) = load_catalog(write(tmp_path, TABLE + "example: {instances: [{x: 9, c: b}]}\n")).descriptions()
    assert json.loads(found.example_json) == {"instances": [{"x": 9, "c": "b"}]}


def broken(name: str, old: str, new: str) -> Any:
    return pytest.param(TABLE.replace(old, new), id=name)


@pytest.mark.parametrize(
    "text",
    [
        broken("unknown key", "name: m", "name: m\ncolour: red"),
        broken("no output", "output: {kind: number}", ""),
        broken("other name", "name: m", "name: other"),
        broken("no yaml", "name: m", "name: [m"),
        broken("nullable without default", ", default: 3", ""),
        broken("default of wrong type", "default: 3", "default: far"),
        broken("default not finite", "default: 3", "default: .inf"),
        broken("one hot of nothing", "categories: [a, b]", "categories: []"),
        broken("category twice", "[a, b]", "[a, a]"),
        broken("categories of a number", "minimum: 2", "categories: ['2']"),
        broken("minmax without range", "minimum: 2", "encode: minmax"),
        broken("text fed as number", ", encode: one_hot", ""),
        broken("column twice", "name: c", "name: x"),
        broken("no kind", "kind: table", "kind: chair"),
        broken("tensor of unknown column", "output:", "  tensors: [{name: t, columns: [x, y]}]\noutput:"),
        broken("text tensor of numbers", "output:", "  tensors: [{name: t, dtype: string, columns: [x]}]\noutput:"),
        broken("tensor twice", "output:", "  tensors: [{name: t, columns: [x]}, {name: t, columns: [c]}]\noutput:"),
    ],
)
def test_a_broken_declaration_is_one_line_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelSpecError) as caught:
        load_catalog(write(tmp_path, text))
    assert str(tmp_path / "m" / "model.yaml") in str(caught.value)
    assert "\n" not in str(caught.value)


TENSOR = """\
name: m
input: {kind: tensor, tensors: [{name: x, datatype: FP32, shape: [-1, 3]}]}
output: {kind: raw}
"""


@pytest.mark.parametrize("shape", ["[-1, 0]", "[-2]", "[]"])
def test_shapes_that_no_request_can_have(tmp_path: Path, shape: str) -> None:
    with pytest.raises(ModelSpecError, match="tensor x"):
        load_catalog(write(tmp_path, TENSOR.replace("[-1, 3]", shape)))


def test_examples_of_tensors_are_short(tmp_path: Path) -> None:
    (small,) = load_catalog(write(tmp_path / "a", TENSOR)).descriptions()
    assert json.loads(small.example_json) == {"instances": [[0.0, 0.0, 0.0]]}
    (large,) = load_catalog(write(tmp_path / "b", TENSOR.replace("[-1, 3]", "[-1, 3, 224, 224]"))).descriptions()
    assert large.example_json == ""


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"y": {"kind": "category", "missing_ratio": 0, "frequencies": {"a": 1}}}, "columns.y: not in m's model.yaml"),
        ({"x": {"kind": "category", "missing_ratio": 0, "frequencies": {"a": 1}}}, "columns.x: kind category does not"),
        ({"x": {"kind": "number"}}, "columns.x"),
    ],
)
def test_a_profile_must_fit_the_declaration(tmp_path: Path, columns: Any, complaint: str) -> None:
    with pytest.raises(ModelSpecError, match=complaint) as caught:
        load_catalog(write(tmp_path, TABLE, reference=json.dumps({"rows": 1, "columns": columns})))
    assert "reference.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shipped_models_load() -> None:
    folder = Path(__file__).parents[3] / "models"
    catalog = load_catalog(folder)
    assert {"digits", "flights", "flights-bad"} <= set(catalog.models)
    for name in ("digits", "flights"):
        assert catalog.models[name].profile is not None
