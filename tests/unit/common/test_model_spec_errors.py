"""A declaration that cannot be read is one line that names the key."""

from pathlib import Path

import pytest

from hallmark_common.model_spec import ModelSpecError, load_models, parse_model_spec

GOOD = """
name: m
input: {kind: image, width: 28, height: 28}
output: {kind: classes, labels: [a, b]}
"""


def said(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "m" / "model.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelSpecError) as caught:
        parse_model_spec(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_a_good_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.yaml").write_text(GOOD)
    assert parse_model_spec(tmp_path / "m" / "model.yaml").name == "m"


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("input:", "inptu:", "inptu: no such key; did you mean input?"),
        ("width:", "widht:", "input.widht: no such key; did you mean width?"),
        ("labels:", "lables:", "output.lables: no such key; did you mean labels?"),
        ("kind: image", "knid: image", "input.kind: expected one of 'image', 'table', 'tensor', got nothing; the keys"),
        ("kind: image", "kind: picture", "input.kind: expected one of 'image', 'table', 'tensor', got 'picture'"),
        ("width: 28", "width: wide", "input.width: Input should be a valid integer"),
        ("name: m", "name: other", "name is 'other' but the folder is 'm'; make them equal"),
        ("output: {kind: classes, labels: [a, b]}", "", "output: Field required"),
    ],
)
def test_a_typo_is_named(tmp_path: Path, before: str, after: str, wanted: str) -> None:
    assert said(tmp_path, GOOD.replace(before, after)).startswith(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "the document: expected keys and values, got nothing"),
        ("[]", "the document: expected keys and values, got a list"),
        ("a: [", "is not YAML in UTF-8"),
        (b"\xff\xfe\x00", "is not YAML in UTF-8"),
    ],
)
def test_what_is_no_mapping_says_so(tmp_path: Path, text: str | bytes, wanted: str) -> None:
    assert said(tmp_path, text).startswith(wanted)


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "m" / "model.yaml").mkdir(parents=True)
    with pytest.raises(ModelSpecError, match=r"model\.yaml: cannot be read: is a directory"):
        parse_model_spec(tmp_path / "m" / "model.yaml")
    with pytest.raises(ModelSpecError, match="no such folder; set HALLMARK_MODELS_DIR"):
        load_models(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelSpecError, match="holds no model; add one"):
        load_models(tmp_path / "empty")


def test_a_graph_that_is_missing_or_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.yaml").write_text(GOOD)
    with pytest.raises(ModelSpecError, match=r"m/1/model\.onnx: no such file; put the graph of version 1 there"):
        load_models(tmp_path)
    (tmp_path / "m" / "1" / "model.onnx").mkdir(parents=True)
    with pytest.raises(ModelSpecError, match=r"m/1/model\.onnx: cannot be read: is a directory"):
        load_models(tmp_path)
