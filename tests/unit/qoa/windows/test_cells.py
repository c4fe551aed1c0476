"""Cells: what many promises ask for is put together once, and each has only the versions that it asked for."""

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.stores.base import Fold
from hallmark_qoa.windows.cells import Cells


def _fold(version: str, segment: str = "") -> Fold:
    aggregate = Aggregate()
    aggregate.counts["records"] = 1
    return Fold(10, 0, "c", "m", "v", version, segment, aggregate.encode())


def test_what_is_asked_for_again_is_the_same() -> None:
    cells = Cells([_fold("1"), _fold("2"), _fold("1", "kind=a")])
    once, again = cells.cell(("1", "2")), cells.cell(("2", "1"))
    assert once is not None
    assert again is not None
    assert once.total is again.total
    assert once.total.counts["records"] == 2
    assert once.segments["kind=a"] is again.segments["kind=a"]


def test_versions_are_told_apart_whoever_asked_before() -> None:
    cells = Cells([_fold("1"), _fold("2"), _fold("1", "kind=a")])
    found = [cells.cell(versions) for versions in ((), ("1",), ("2",), ("1", "2"))]
    assert [cell.total.counts["records"] for cell in found if cell is not None] == [2, 1, 1, 2]
    assert cells.cell(("2",), "kind=a") is None
    assert cells.cell(("3",)) is None
