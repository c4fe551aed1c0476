"""The reference profile as it is read."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from hallmark_common.model_spec import ModelSpecError
from hallmark_common.profile import CategoryProfile, NumberProfile, category_of, load_profile

GOOD = {
    "rows": 3,
    "columns": {
        "x": {
            "kind": "number",
            "missing_ratio": 0,
            "minimum": 0,
            "maximum": 100,
            "mean": 50,
            "std": 29,
            "median": 50,
            "iqr": 50,
            "quantiles": list(range(101)),
        },
        "c": {"kind": "category", "missing_ratio": 0, "frequencies": {"a": 1}},
    },
}


def changed(*path: str, to: Any) -> str:
    document = json.loads(json.dumps(GOOD))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(document)


def test_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.write_text(json.dumps(GOOD))
    columns = load_profile(path).columns
    assert isinstance(columns["x"], NumberProfile)
    assert columns["x"].quantiles[95] == 95
    assert columns["c"] == CategoryProfile(missing_ratio=0, frequencies={"a": 1})


@pytest.mark.parametrize(("value", "category"), [(True, "true"), (False, "false"), ("a", "a"), (3, "3")])
def test_a_value_as_a_category(value: Any, category: str) -> None:
    assert category_of(value) == category


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "the document"),
        ("[]", "the document"),
        ("{", "the document"),
        (changed("rows", to=0), "rows"),
        (changed("columns", "x", "median", to=math.nan), "x"),
        (changed("columns", "x", "iqr", to=-1), "columns.x"),
        (changed("columns", "x", "kind", to="colour"), "columns.x"),
        (changed("columns", "x", "quantiles", to=[1, 2]), "columns.x"),
        (changed("columns", "x", "quantiles", to=[*range(100, -1, -1)]), "columns.x"),
        (changed("columns", "x", "minimum", to=900), "columns.x"),
        (changed("columns", "c", "frequencies", to={"a": 0.5}), "columns.c"),
        (changed("columns", "c", "frequencies", to={}), "columns.c"),
        (changed("extra", to=1), "extra"),
    ],
)
def test_a_broken_file_is_one_line_that_says_where(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "reference.json"
    path.write_text(text)
    with pytest.raises(ModelSpecError) as caught:
        load_profile(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert where in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ModelSpecError, match="no such file"):
        load_profile(tmp_path / "reference.json")
    (tmp_path / "reference.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelSpecError, match="is not UTF-8"):
        load_profile(tmp_path / "reference.json")
