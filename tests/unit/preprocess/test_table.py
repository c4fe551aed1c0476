"""Rows checked and encoded: every kind of violation, all of them at once, and numbers that fit their tensors."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import ColumnSpec, TableInput, TableTensor
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.quality import hashed, recorded_values
from hallmark_preprocess.table import check_table
from hallmark_preprocess.table_encode import encode_column, encode_table


def check_field(error: HallmarkError) -> None:
    assert error.metadata["field"].startswith("instances[")
    error.details()


def rejection(spec: TableInput, rows: list[Any], findings: Findings) -> HallmarkError:
    check_table(spec, rows, findings)
    with pytest.raises(HallmarkError) as caught:
        findings.raise_rejected()
    return caught.value


def test_a_valid_row_is_encoded_as_declared(flight: TableInput, row: Any, findings: Any) -> None:
    table = check_table(flight, [row, {**row, "wind": None, "remark": None, "carrier": "ZZ", "cargo": False}], findings)
    arrays = encode_table(flight, table, flight.tensors, findings)
    expected = [[1.0, 7, 0, 1, 0, 3.0, 1], [1.0, 7, 0, 0, 0, 7.5, 0]]
    assert arrays["features"].tolist() == expected
    assert arrays["features"].dtype == np.float32
    assert arrays["remarks"].tolist() == [["café".encode()], [b""]]
    assert table.missing_ratio == pytest.approx(2 / 12)
    assert findings.counts() == {"category:carrier": 1}


@pytest.mark.parametrize(
    ("change", "violation", "got"),
    [
        ({"distance": "far"}, "type:distance", "'far'"),
        ({"distance": True}, "type:distance", "True"),
        ({"distance": [1]}, "type:distance", "a list"),
        ({"distance": {}}, "type:distance", "an object"),
        ({"distance": float("nan")}, "type:distance", "not finite"),
        ({"distance": float("-inf")}, "type:distance", "not finite"),
        ({"distance": 10**400}, "type:distance", "too large"),
        ({"distance": None}, "missing:distance", "nothing"),
        ({"distance": -0.001}, "range:distance", "-0.001"),
        ({"distance": 5000.1}, "range:distance", "5000.1"),
        ({"hour": 7.5}, "type:hour", "a fraction"),
        ({"hour": 2.0**53 + 2}, "type:hour", "beyond 2^53"),
        ({"hour": 24}, "range:hour", "24"),
        ({"carrier": 3}, "type:carrier", "a number"),
        ({"carrier": "\ud800"}, "type:carrier", "surrogate"),
        ({"cargo": 1}, "type:cargo", "a number"),
        ({"cargo": "true"}, "type:cargo", "a text"),
        ({"remark": 1}, "type:remark", "a number"),
        ({"remark": "x" * 65_537}, "type:remark", "65537"),
    ],
)
def test_what_is_wrong_is_named(
    flight: TableInput, row: Any, findings: Any, change: Any, violation: str, got: str
) -> None:
    error = rejection(flight, [row, {**row, **change}], findings)
    (column,) = change
    assert error.metadata["field"] == f"instances[1].{column}"
    assert got in error.metadata["got"]
    assert findings.counts() == {violation: 1}
    error.details()


def test_reason_of_what_is_not_finite(flight: TableInput, row: Any, findings: Any) -> None:
    assert rejection(flight, [{**row, "distance": float("inf")}], findings).reason == "NOT_FINITE"


def test_on_violation_record_lets_it_pass(flight: TableInput, row: Any, findings: Any) -> None:
    check_table(flight, [{**row, "wind": 101.0, "carrier": "??"}] * 3, findings)
    findings.raise_rejected()
    assert findings.counts() == {"range:wind": 3, "category:carrier": 3}


def test_a_missing_key_is_null(flight: TableInput, row: Any, findings: Any) -> None:
    del row["hour"], row["wind"]
    error = rejection(flight, [row], findings)
    assert error.metadata["field"] == "instances[0].hour"
    assert error.metadata["expected"] == "an integer at least 0 and at most 23"
    assert findings.counts() == {"missing:hour": 1}


def test_everything_wrong_is_collected_before_the_refusal(flight: TableInput, row: Any, findings: Any) -> None:
    rows = [{**row, "distance": -1}, {**row, "hour": "x", "cargo": None}, "no row", {**row, "extra": 1}]
    error = rejection(flight, rows, findings)
    assert error.message.endswith(")")
    assert error.metadata["more"] in error.message
    found = findings.counts()
    assert found["range:distance"] == 1
    assert found["type:hour"] == 1
    assert found["type:instances"] == 2
    assert found["missing:cargo"] == 2


def test_unknown_columns_are_named(flight: TableInput, row: Any, findings: Any) -> None:
    error = rejection(flight, [{**row, "dist\nance\ud800": 1}], findings)
    assert error.metadata["field"] == "instances[0].dist\\nance\\ud800"
    assert "distance, hour" in error.metadata["expected"]
    error.details()


@pytest.mark.parametrize("record", ["hash", "none"])
def test_errors_do_not_show_what_may_not_be_recorded(record: Any) -> None:
    columns = (
        ColumnSpec(name="a", dtype="integer", maximum=5, record=record),
        ColumnSpec(name="b", dtype="category", categories=("x",), record=record, encode="ordinal"),
    )
    rows = [{"a": 987654, "b": "secret"}, {"a": "secret", "b": 987654}, {"a": 987654.5, "b": "x"}]
    for spec_row in rows:
        error = rejection(TableInput(kind="table", columns=columns), [spec_row], Findings())
        assert "987654" not in str(error.metadata) + error.message
        assert "secret" not in str(error.metadata) + error.message


def column(**changes: Any) -> ColumnSpec:
    return ColumnSpec(**{"name": "x", "dtype": "number", **changes})


@pytest.mark.parametrize(
    ("spec", "cells", "expected"),
    [
        (column(), [1.5, -2.0], [[1.5], [-2.0]]),
        (column(encode="standard", mean=2, std=4), [10.0], [[2.0]]),
        (column(encode="minmax", minimum=10, maximum=20), [10.0, 20.0, 15.0], [[0.0], [1.0], [0.5]]),
        (column(dtype="boolean"), [True, False], [[1.0], [0.0]]),
        (column(nullable=True, default=9.0), [None], [[9.0]]),
        (column(dtype="category", categories=("a", "b"), encode="one_hot"), ["b", "?", None], [[0, 1], [0, 0], [0, 0]]),
        (
            column(dtype="category", categories=("a", "b"), encode="ordinal"),
            ["b", "a", "?", None],
            [[1], [0], [-1], [-1]],
        ),
        (column(dtype="integer", categories=("5", "7"), encode="one_hot"), [7, 5], [[0, 1], [1, 0]]),
        (column(dtype="integer", categories=("5", "7"), encode="ordinal", nullable=True, default=7), [None], [[1]]),
    ],
)
def test_encodings_by_hand(spec: ColumnSpec, cells: list[Any], expected: list[list[float]]) -> None:
    assert encode_column(spec, cells).tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "value", "fits"),
    [
        ("float32", 3.4e38, True),
        ("float32", 3.5e38, False),
        ("float16", 65504, True),
        ("float16", 65520, False),
        ("float64", 1e308, True),
        ("int8", 127, True),
        ("int8", 128, False),
        ("uint8", -1, False),
        ("int64", 2**53, True),
        ("int32", 2**31, False),
    ],
)
def test_numbers_that_do_not_fit_their_tensor(dtype: Any, value: float, fits: bool, findings: Any) -> None:
    spec = TableInput(kind="table", columns=(column(dtype="integer" if isinstance(value, int) else "number"),))
    table = check_table(spec, [{"x": 1}, {"x": value}], findings)
    tensor = TableTensor(name="t", dtype=dtype, columns=("x",))
    if fits:
        assert encode_table(spec, table, [tensor], findings)["t"][1, 0] == np.array(value).astype(dtype)
        return
    with pytest.raises(HallmarkError) as caught:
        encode_table(spec, table, [tensor], findings)
    assert caught.value.metadata["field"] == "instances[1].x"
    assert caught.value.reason == "NOT_FINITE"


def test_what_is_recorded(findings: Any) -> None:
    columns = (
        column(name="a"),
        column(name="b", dtype="category", record="hash"),
        column(name="c", dtype="text"),
        column(name="d", dtype="category", record="none"),
    )
    table_spec = TableInput(kind="table", columns=columns, tensors=({"name": "t", "columns": ("a",)},))
    rows = [{"a": 1.5, "b": "Bern", "c": "free", "d": "no"}, {"a": "wrong", "b": None, "c": "x", "d": "no"}]
    table = check_table(table_spec, rows, findings)
    first, second = (json.loads(text) for text in recorded_values(columns, table))
    assert first == {"a": 1.5, "b": hashed("Bern")}
    assert second == {"a": None, "b": None}
    assert len(hashed("Bern")) == 16
    assert recorded_values(columns[2:], table) == []


def test_at_most_max_facts_are_recorded(findings: Any) -> None:
    spec = TableInput(kind="table", columns=(column(),))
    table = check_table(spec, [{"x": index} for index in range(300)], findings)
    assert len(recorded_values(spec.columns, table)) == 256


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["distance", "hour", "carrier", "wind", "cargo", "remark"]) | st.text(max_size=4)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.dictionaries(KEYS, ANY_JSON, max_size=7) | ANY_JSON, min_size=1, max_size=4))
def test_any_json_is_encoded_or_refused(rows: list[Any]) -> None:
    spec = _every_dtype()
    findings = Findings()
    try:
        table = check_table(spec, rows, findings)
        recorded_values(spec.columns, table)
        findings.raise_rejected()
        arrays = encode_table(spec, table, spec.tensors, findings)
    except HallmarkError as error:
        check_field(error)
    else:
        assert np.isfinite(arrays["features"]).all()
        assert len(arrays["features"]) == len(rows)


def _every_dtype() -> TableInput:
    return TableInput(
        kind="table",
        columns=(
            column(name="distance", encode="standard", std=1e-3),
            column(name="hour", dtype="integer", nullable=True, default=0),
            column(name="carrier", dtype="category", categories=("AA",), encode="ordinal", nullable=True),
            column(name="cargo", dtype="boolean", nullable=True, default=False),
            column(name="remark", dtype="text", nullable=True, record="value"),
        ),
        tensors=(
            {"name": "features", "columns": ("distance", "hour", "carrier", "cargo")},
            {"name": "remarks", "dtype": "string", "columns": ("remark",)},
        ),
    )


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=20))
def test_valid_numbers_come_through_exactly(values: list[float]) -> None:
    spec = TableInput(kind="table", columns=(column(),))
    findings = Findings()
    table = check_table(spec, [{"x": value} for value in values], findings)
    array = encode_table(spec, table, [TableTensor(name="t", columns=("x",))], findings)["t"]
    assert array[:, 0].tolist() == np.array(values, np.float32).tolist()
