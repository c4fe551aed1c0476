"""The sample files that models ship."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.errors import CliError
from hallmark_cli.replay.sample import parse_samples, read_samples


def write(path: Path, *entries: Any) -> Path:
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)
    return path


def test_rows_and_images_with_and_without_truth(tmp_path: Path) -> None:
    image = {"image_png_base64": base64.b64encode(b"png").decode()}
    row = {"instances": [{"carrier": "DL"}]}
    path = write(
        tmp_path / "s.gz",
        {"input": image, "truth": "7"},
        {"input": row, "event_time": "2013-07-01T09:30:00Z", "truth": 1},
        {"input": row},
    )
    first, second, third = parse_samples(path)
    assert (list(first.input.images.files), first.truth, first.event_time) == ([b"png"], "7", None)
    assert (json.loads(second.input.json), second.truth) == ([{"carrier": "DL"}], "1")
    assert second.event_time is not None
    assert second.event_time.ToJsonString() == "2013-07-01T09:30:00Z"
    assert (third.truth, third.event_time) == (None, None)


@pytest.mark.parametrize("entry", [{}, [], {"input": {}}, {"input": {"image_png_base64": "§"}}, {"input": 3}])
def test_a_wrong_line_is_named(tmp_path: Path, entry: Any) -> None:
    path = write(tmp_path / "s.gz", {"input": {"instances": [1]}}, entry)
    with pytest.raises(CliError, match=r"s\.gz: line 2: is no request"):
        parse_samples(path)


def test_files_that_are_no_sample_are_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("{}")
    whole = write(tmp_path / "whole.gz", *[{"input": {"instances": [number]}} for number in range(1000)]).read_bytes()
    (tmp_path / "cut.gz").write_bytes(whole[:-20])
    write(tmp_path / "empty.gz")
    for name, problem in (
        ("none", "no such file"),
        ("text", "is not a gzip file"),
        ("cut.gz", "is not a gzip file"),
        ("empty.gz", "holds no request"),
    ):
        with pytest.raises(CliError, match=problem):
            parse_samples(tmp_path / name)


def test_a_model_without_a_sample_and_no_model_at_all(tmp_path: Path) -> None:
    spec = {"name": "m", "input": {"kind": "image", "width": 1, "height": 1}, "output": {"kind": "raw"}}
    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.yaml").write_text(json.dumps(spec))
    with pytest.raises(CliError, match="declares no sample to replay"):
        read_samples(tmp_path, "m")
    with pytest.raises(CliError, match="holds no model 'x'; there is: m"):
        read_samples(tmp_path, "x")
    with pytest.raises(CliError, match=r"/none: no such folder; set HALLMARK_MODELS_DIR to the folder that holds the"):
        read_samples(tmp_path / "none", "m")
