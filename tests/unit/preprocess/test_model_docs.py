"""The generated pages about model.yaml."""

import json
from pathlib import Path

import pytest

from hallmark_common import docs
from hallmark_common.model_spec import ColumnSpec, ImageInput, ModelSpec


def test_schema_is_closed_and_names_every_key() -> None:
    schema = json.loads(docs.render_model_schema())
    assert set(schema["properties"]) == set(ModelSpec.model_fields)
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]["ColumnSpec"]["properties"]) == set(ColumnSpec.model_fields)
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_page_lists_every_key_with_its_meaning() -> None:
    page = docs.render_model_page()
    for part in (ModelSpec, ImageInput, ColumnSpec):
        for name in part.model_fields:
            assert f"| `{name}` |" in page
    rows = [line for line in page.splitlines() if line.startswith("| `") and not line.startswith("| `kind`")]
    assert [row for row in rows if row.split(" | ")[-1].strip(" |") == ""] == []


def test_check_fails_on_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check", "--root", str(tmp_path)]) == 1
    assert docs.main(["--root", str(tmp_path)]) == 0
    assert docs.main(["--check", "--root", str(tmp_path)]) == 0
    page = tmp_path / "docs" / "model-yaml.md"
    page.write_text(page.read_text() + "more\n")
    assert docs.main(["--check", "--root", str(tmp_path)]) == 1
    assert "model-yaml.md: out of date" in capsys.readouterr().err
