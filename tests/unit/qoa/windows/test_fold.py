"""Folds: from records, from smaller windows, and put together again."""

from random import Random

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.model_spec import ModelSpec
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.stores.base import Due, Fold
from hallmark_qoa.windows.cells import Slot, by_slot, cell_of, versions_of
from hallmark_qoa.windows.fold import fold_folds, fold_records
from tests.support.predictions import MODEL, T0_NS, Made, S, request_of, some

CONTEXT = ModelContext.of(ModelSpec.model_validate({"name": "m", **MODEL}))
MINUTE = Due("fold", 60, "m", "acme", T0_NS, 1, 0)


def _record(made: Made) -> QualityRecord:
    return derive(made.prediction, decode(request_of(made.spans)).spans)


def _made(count: int = 60) -> list[Made]:
    return some(Random(count), count, seconds=60, models=["m"], consumers=["acme"])


def _folds(records: list[QualityRecord], start_s: int = 0, size_s: int = 10) -> list[Fold]:
    return fold_records(Due("fold", size_s, "m", "acme", T0_NS + start_s * S, 1, 0), records, CONTEXT)


def test_a_larger_window_is_what_its_records_alone_would_give() -> None:
    records = [_record(one) for one in _made()]
    at_once = fold_records(MINUTE, records, CONTEXT)
    parts = [fold for start_s in range(6) for fold in _folds(records[start_s::6], start_s * 10)]
    assert fold_folds(MINUTE, parts) == fold_folds(MINUTE, reversed(parts)) == at_once


def test_a_window_that_is_alone_in_the_larger_one_is_all_of_it() -> None:
    folds = _folds([_record(one) for one in _made()])
    assert [fold.aggregate for fold in fold_folds(MINUTE, folds)] == [fold.aggregate for fold in folds]
    assert [Aggregate.decode(fold.aggregate).encode() for fold in folds] == [fold.aggregate for fold in folds]


def test_folds_are_in_order_and_of_their_window() -> None:
    folds = _folds([_record(one) for one in _made()], 10)
    keys = [(fold.variant, fold.version, fold.segment) for fold in folds]
    assert keys == sorted(set(keys))
    assert {variant for variant, _, _ in keys} >= {"default", "canary"}
    assert {segment for _, _, segment in keys} >= {"", "kind=a", "kind=b", "kind=other"}
    assert {(fold.size_s, fold.start_ns, fold.consumer, fold.model) for fold in folds} == {
        (10, T0_NS + 10 * S, "acme", "m")
    }


def test_nothing_gives_nothing() -> None:
    assert _folds([]) == fold_folds(MINUTE, []) == []


def test_consumers_whom_a_store_writes_alike_are_one() -> None:
    """PostgreSQL holds no NUL: records say what came, the window what is stored."""
    names = ("a\0c", "a\ufffdc")
    records = [_record(Made(number, consumer=name)) for number, name in enumerate(names, 1)]
    folds = fold_records(Due("fold", 10, "m", names[1], T0_NS, 1, 0), records, CONTEXT)
    assert {(fold.consumer, fold.segment) for fold in folds} == {(names[1], ""), (names[1], "kind=a")}
    assert Aggregate.decode(folds[0].aggregate).counts["records"] == 2


def test_cells_put_versions_together_and_leave_out_others() -> None:
    records = [_record(Made(number, version=version)) for number, version in enumerate("1122234", 1)]
    folds = _folds(records)
    assert versions_of(folds) == ["1", "2", "3", "4"]

    def count(*versions: str, segment: str = "") -> int:
        cell = cell_of(folds, versions, segment)
        return cell.total.counts["records"] if cell is not None else 0

    assert [count(), count("1"), count("2", "3"), count("5")] == [7, 2, 4, 0]
    assert [count(segment="kind=a"), count(segment="kind=b")] == [7, 0]


def test_a_cell_has_its_segments_and_that_of_a_segment_has_none() -> None:
    folds = _folds([_record(one) for one in _made()])
    whole, part = cell_of(folds), cell_of(folds, segment="kind=a")
    assert whole is not None
    assert part is not None
    assert sorted(whole.segments) == ["kind=a", "kind=b", "kind=other"]
    assert len(whole.segments) == 3
    assert whole.segments["kind=a"] == part.total
    assert (dict(part.segments), part.seconds) == ({}, 10.0)


def test_slots_are_windows_of_a_variant() -> None:
    folds = _folds([_record(Made(1)), _record(Made(2, variant="canary", version="2"))])
    slots = by_slot(folds)
    assert list(slots) == [Slot(T0_NS, "acme", "m", variant) for variant in ("canary", "default")]
    assert [one for found in slots.values() for one in found] == folds
