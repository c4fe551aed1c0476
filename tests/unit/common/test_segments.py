"""Segments of rows and images, from a closed list for whatever comes."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_common.model_spec import MAX_SEGMENTS, ColumnSpec, ImageInput, ModelSpec, NumberOutput, TableInput
from hallmark_common.segments import OTHER, Segmenter, segments_of

COLUMNS = (
    ColumnSpec(name="carrier", dtype="category", categories=("DL", "AA"), encode="one_hot"),
    ColumnSpec(name="gate", dtype="integer", categories=("1", "2")),
    ColumnSpec(name="hour", dtype="integer"),
    ColumnSpec(name="delay", dtype="number"),
    ColumnSpec(name="wet", dtype="boolean"),
    ColumnSpec(name="port", dtype="category", categories=tuple(f"p{i}" for i in range(40)), encode="ordinal"),
)
TABLE = TableInput(kind="table", columns=COLUMNS)
IMAGE = ImageInput(kind="image", width=8, height=8)


def segmenter(declared: ImageInput | TableInput = TABLE, **segment: Any) -> Segmenter:
    output = NumberOutput(kind="number")
    spec = ModelSpec.model_validate(
        {"name": "m", "input": declared, "output": output, "segments": [{"name": "x", **segment}]}
    )
    (found,) = segments_of(spec)
    return found


ALL = {
    "carrier": segmenter(column="carrier"),
    "gate": segmenter(column="gate"),
    "hour": segmenter(column="hour", edges=(6, 12)),
    "delay": segmenter(column="delay", edges=(-0.0, 0.1, 1e20)),
    "wet": segmenter(column="wet"),
    "port": segmenter(column="port"),
}


def test_what_is_not_declared_has_no_segments() -> None:
    assert segments_of(ModelSpec(name="m", input=TABLE, output=NumberOutput(kind="number"))) == ()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("carrier", ("DL", "AA", OTHER)),
        ("gate", ("1", "2", OTHER)),
        ("hour", ("..6", "6..12", "12..", OTHER)),
        ("delay", ("..0", "0..0.1", "0.1..1e+20", "1e+20..", OTHER)),
        ("wet", ("false", "true", OTHER)),
        ("port", (*(f"p{i}" for i in range(MAX_SEGMENTS)), OTHER)),
    ],
)
def test_the_values_are_closed_and_in_the_order_of_the_declaration(name: str, values: tuple[str, ...]) -> None:
    assert ALL[name].values == values


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("carrier", "DL", "DL"),
        ("carrier", "ZZ", OTHER),
        ("carrier", None, OTHER),
        ("carrier", ["DL"], OTHER),
        ("gate", 2, "2"),
        ("gate", 3, OTHER),
        ("hour", 5, "..6"),
        ("hour", 6, "6..12"),
        ("hour", 12, "12.."),
        ("hour", -(10**400), "..6"),
        ("hour", "6", OTHER),
        ("hour", True, OTHER),
        ("hour", None, OTHER),
        ("delay", -0.0, "0..0.1"),
        ("delay", 0.1, "0.1..1e+20"),
        ("delay", math.nan, OTHER),
        ("delay", math.inf, OTHER),
        ("wet", True, "true"),
        ("wet", False, "false"),
        ("wet", 1, OTHER),
        ("port", "p31", "p31"),
        ("port", "p32", OTHER),
    ],
)
def test_a_row_is_in_the_segment_of_its_value(name: str, value: object, wanted: str) -> None:
    assert ALL[name].of({name: value, "another": 1}) == wanted


@pytest.mark.parametrize("name", ALL)
def test_a_row_without_the_column_is_other(name: str) -> None:
    assert ALL[name].of({}) == OTHER


@pytest.mark.parametrize(
    ("width", "height", "wanted"), [(27, 900, "..28"), (28, 28, "28..64"), (64, 65, "64.."), (10**9, 64, "64..")]
)
def test_an_image_is_in_the_segment_of_its_smaller_side(width: int, height: int, wanted: str) -> None:
    size = segmenter(IMAGE, image="size", edges=(28, 64))
    assert size.values == ("..28", "28..64", "64..", OTHER)
    assert size.of_image(width, height) == wanted


def test_rows_have_no_size_and_images_no_columns() -> None:
    assert segmenter(IMAGE, image="size", edges=(28,)).of({"width": 30, "": 30}) == OTHER
    assert ALL["hour"].of_image(7, 7) == OTHER


def test_a_category_that_is_called_other_is_that_segment() -> None:
    column = ColumnSpec(name="kind", dtype="category", categories=("other", "a"), encode="one_hot")
    kind = segmenter(TableInput(kind="table", columns=(column,)), column="kind")
    assert kind.values == ("other", "a")
    assert (kind.of({"kind": "other"}), kind.of({"kind": "b"}), kind.of({"kind": "a"})) == ("other", "other", "a")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(row=st.dictionaries(st.sampled_from(sorted(ALL)), JSON_VALUES))
def test_whatever_was_recorded_is_in_one_of_the_values(row: dict[str, object]) -> None:
    read = json.loads(json.dumps(row))
    assert all(one.of(read) in one.values for one in ALL.values())
