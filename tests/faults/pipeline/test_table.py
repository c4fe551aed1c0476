"""The operator's page says of every fault what its test measured."""

import ast
from pathlib import Path

import pytest

from tests.faults.pipeline.table import FAULTS, MEASURED, PAGE, page_with, table
from tests.support.measured import read

REBUILD = "python -m tests.faults.pipeline.table"


def _tests() -> set[str]:
    files = [file for file in Path(__file__).parent.glob("test_*.py") if file != Path(__file__)]
    return {
        found.name
        for file in files
        for found in ast.parse(file.read_text()).body
        if isinstance(found, ast.FunctionDef) and found.name.startswith("test_")
    }


def test_the_page_is_what_was_measured() -> None:
    text = PAGE.read_text()
    assert page_with(text, table()) == text, f"run {REBUILD}"


def test_every_fault_has_a_row() -> None:
    assert {fault.test.partition("[")[0] for fault in FAULTS} == _tests()
    assert set(read(MEASURED)) == {fault.test for fault in FAULTS}


@pytest.mark.parametrize("test", read(MEASURED))
def test_what_was_lost_raised_an_alert_and_nothing_came_from_nowhere(test: str) -> None:
    measured = read(MEASURED)[test]
    assert measured.stored_spans <= measured.spans
    assert measured.records <= measured.predictions
    assert measured.alerts or (measured.stored_spans, measured.records) == (measured.spans, measured.predictions)
