"""YAML as plain data with places: the core schema of YAML 1.2, nothing that says two things."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_common.contracts.document import DocumentError, Place, read_document

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("2013-07-01", "2013-07-01"),
        ("12:30:45", "12:30:45"),
        ("9E", "9E"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("<<", "<<"),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ('"1"', "1"),
        ("9" * 301, "9" * 301),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = read_document(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    document = read_document(json.dumps(value))
    assert document.errors == ()
    assert document.data == value


def test_a_part_has_the_place_of_its_key() -> None:
    document = read_document("a: 1\nb:\n  - c: {d: 2}\n  - 3\n")
    assert document.place(("a",)) == Place(1, 1)
    assert document.place(("b", 0)) == Place(3, 5)
    assert document.place(("b", 0, "c", "d")) == Place(3, 9)
    assert document.place(("b", 1)) == Place(4, 5)


def test_what_is_not_there_has_the_place_of_what_it_should_be_in() -> None:
    document = read_document("a: 1\nb: {c: 2}\n")
    assert document.place(("b", "x", "y")) == Place(2, 1)
    assert document.place(("x",)) == Place(1, 1)
    assert read_document("").place(("x",)) == Place(1, 1)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "stands here twice, first on line 1; remove one"),
        ("a: &x 1\nb: *x\n", 2, "is an alias (*name); write out what it stands for"),
        ("a: &x [1, *x]\n", 1, "is an alias (*name); write out what it stands for"),
        ("a: !!python/name:os.system x\n", 1, "has the tag tag:yaml.org,2002:python/name:os.system; leave the tag out"),
        ("a: !!int x\n", 1, "'x' is no int; leave the tag out"),
        ("a: !!timestamp 2013-07-01\n", 1, "has the tag tag:yaml.org,2002:timestamp; leave the tag out"),
        ("? [1, 2]\n: 3\n", 1, "has a key that is no text; write a word"),
    ],
)
def test_what_could_mean_two_things_is_refused_and_the_rest_is_read(text: str, line: int, message: str) -> None:
    document = read_document(text + "last: 4\n")
    (error,) = document.errors
    assert (error.place.line, error.message) == (line, message)
    assert document.data["last"] == 4


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [1\n", 3, "is not YAML: "),
        ("a: 1\n\tb: 2\n", 2, "is not YAML: "),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML: expected a single document in the stream"),
        ("a: \x00\n", 1, "is not YAML: "),
        ("[" * 3000, 1, "is nested too deep"),
    ],
)
def test_what_is_no_yaml_is_said_with_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(text)
    assert caught.value.place.line == line
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(DocumentError):
        read_document(text)
