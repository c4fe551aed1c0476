"""Files as requests."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_cli.errors import CliError
from hallmark_cli.payload import instances_of, read_file, timestamp, to_input

ROW = {"carrier": "DL", "hour": 6}
INSTANCES = st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))


@pytest.mark.parametrize("document", [ROW, [ROW], {"instances": [ROW]}])
def test_a_row_an_array_and_a_rest_body_are_the_same(document: Any) -> None:
    assert instances_of("f", json.dumps(document).encode()) == [ROW]


@given(INSTANCES)
def test_every_array_of_instances_comes_back(instances: list[Any]) -> None:
    body = json.dumps({"instances": instances}).encode()
    assert json.loads(to_input("f", body, "table").json) == instances


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "f: is not JSON: Expecting property name"),
        (b"\x89PNG\r\n\x1a\n\xff", "f: is not JSON: the model takes rows or tensors, not a binary file"),
        (b"12", 'f: must hold one object, an array of instances or {"instances": […]}, is a number'),
        (b"null", 'f: must hold one object, an array of instances or {"instances": […]}, is null'),
        (b'{"instances": {}}', 'f: "instances" must be an array, is an object'),
        (b"[" * 100_000, "f: is not usable JSON: nested too deeply"),
        (b"[" + b"1" * 6001 + b"]", "f: is not usable JSON: an integer of thousands of digits"),
    ],
)
def test_what_is_no_request_is_said(data: bytes, problem: str) -> None:
    with pytest.raises(CliError) as caught:
        instances_of("f", data)
    assert str(caught.value).startswith(problem)


def test_an_image_goes_as_it_is() -> None:
    assert list(to_input("f", b"any bytes", "image").images.files) == [b"any bytes"]


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    assert read_file("-", 10) == b"{}"


def test_unreadable_empty_and_too_large_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * 11)
    for name, problem in (
        ("none", "none: no such file"),
        ("", ": cannot be read: Is a directory"),
        ("empty", "empty: is empty"),
        ("large", "large: more than 10 bytes; HALLMARK_MAX_REQUEST_BYTES is the limit"),
    ):
        with pytest.raises(CliError, match=problem):
            read_file(str(tmp_path / name), 10)


@pytest.mark.parametrize("text", ["2013-07-01T09:30:00Z", "2013-07-01T11:30:00+02:00", "2013-07-01T09:30:00"])
def test_times_are_utc_unless_they_say(text: str) -> None:
    assert timestamp("--event-time", text).ToJsonString() == "2013-07-01T09:30:00Z"


@pytest.mark.parametrize("text", ["yesterday", "", "2013-13-01", "9999-12-31T23:59:59-01:00"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(CliError, match=r"--event-time .*: expected a time such as"):
        timestamp("--event-time", text)
