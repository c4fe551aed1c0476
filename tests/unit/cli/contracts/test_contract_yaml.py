"""The text of an imported contract: whatever stands in the original is read back as it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_cli.contracts.contract_yaml import contract_yaml, scalar
from hallmark_cli.contracts.draft import DraftObjective, Left
from hallmark_cli.contracts.naming import contract_names, unique, valid_contract_name
from hallmark_common.contracts.document import read_document

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text("-%.~#&*!|>'\"{}[]:,? a1\n", max_size=4)
VALUE = TEXT | st.integers(-(10**9), 10**9) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ("NO", "NO"),
        ("true", '"true"'),
        ("1.5", '"1.5"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("- a", '"- a"'),
        ("%", '"%"'),
        ("---", '"---"'),
        ("90%", "90%"),
        ("*", '"*"'),
        (" a", '" a"'),
        ("a\x85b", '"a\\u0085b"'),
        (5, "5"),
        (0.25, "0.25"),
        ({"name": "Ada", "role": "consumer"}, "{name: Ada, role: consumer}"),
    ],
)
def test_a_value_is_quoted_only_where_it_must(value: object, text: str) -> None:
    assert scalar(value) == text


@given(VALUE)
def test_a_value_is_read_back(value: Any) -> None:
    document = read_document(f"a: {scalar(value)}\nb: {{c: {scalar(value)}}}\n")
    assert document.errors == ()
    assert document.data == {"a": value, "b": {"c": value}}


@given(TEXT, TEXT, st.lists(st.builds(Left, TEXT, TEXT), max_size=3))
def test_no_text_of_others_leaves_its_line(source: str, where: str, left: list[Left]) -> None:
    objective = DraftObjective(where, {"name": "a", "threshold": source}, source)
    text = contract_yaml({"title": where, "stakeholders": ({"name": source},)}, [objective], left, source)
    document = read_document(text)
    assert document.errors == ()
    assert document.data == {
        "title": where,
        "stakeholders": [{"name": source}],
        "objectives": [{"name": "a", "threshold": source}],
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [("Late flights, course 3", "late-flights-course-3"), ("--A--", "a"), ("ÄÖ", ""), ("x" * 80, "x" * 63)],
)
def test_a_name_is_made_of_any_text(text: str, name: str) -> None:
    assert valid_contract_name(text) == name


def test_names_that_would_be_equal_are_numbered() -> None:
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a-2", "a-3"]
    assert unique(["x" * 63] * 2) == ["x" * 63, "x" * 61 + "-2"]
    assert contract_names("c", ["A b", "a-b"]) == {"A b": "c-a-b", "a-b": "c-a-b-2"}
    assert contract_names("c", ["A b"]) == {"A b": "c"}
