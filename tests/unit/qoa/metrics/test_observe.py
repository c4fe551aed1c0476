"""Aggregates do not depend on the order of records, nor on how they are split; nor on what they are not about."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.catalogue import CATALOGUE
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure, measure_all
from hallmark_qoa.metrics.observe import ALL, Key, Series, observe
from tests.unit.qoa.metrics.worlds import World, flights, made_up

WORLDS = [*(made_up(output, 7, 80) for output in ("probability", "number", "classes")), flights(120)]
SERIES = Series("ops", "m", "default", "1")


def encoded(aggregates: dict[Key, Aggregate]) -> dict[Key, bytes]:
    return {key: aggregate.encode() for key, aggregate in aggregates.items()}


def split_and_merged(
    records: list[QualityRecord], context: ModelContext, parts: int, seed: int
) -> dict[Key, Aggregate]:
    """Records in any order, each part observed by itself, stored, read, and merged in any order."""
    rng = random.Random(seed)
    heaps: list[list[QualityRecord]] = [[] for _ in range(parts)]
    for record in rng.sample(records, len(records)):
        rng.choice(heaps).append(record)
    merged: dict[Key, Aggregate] = {}
    for heap in rng.sample(heaps, parts):
        for key, aggregate in observe(heap, context).items():
            merged.setdefault(key, Aggregate()).merge(Aggregate.decode(aggregate.encode()))
    return merged


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.spec.output.kind)
@settings(max_examples=15, deadline=None)
@given(parts=st.sampled_from([1, 2, 5, 16]), seed=st.integers(0, 2**32))
def test_any_split_and_order_gives_the_same_bytes(world: World, parts: int, seed: int) -> None:
    found = split_and_merged(world.records, world.context, parts, seed)
    assert encoded(found) == encoded(observe(world.records, world.context))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.spec.output.kind)
def test_what_is_stored_is_what_is_read(world: World) -> None:
    for aggregate in observe(world.records, world.context).values():
        assert Aggregate.decode(aggregate.encode()) == aggregate


@pytest.mark.parametrize("dimension", ["kind", "level"])
def test_the_segments_of_a_dimension_hold_every_answer_once(dimension: str) -> None:
    world = WORLDS[0]
    found = observe(world.records, world.context)
    parts = [one for (_, segment), one in found.items() if segment.startswith(f"{dimension}=")]
    whole = [one for (_, segment), one in found.items() if segment == ALL]
    for count in (slots.ANSWERS, slots.ROWS, slots.TRUTHS, slots.RIGHT):
        assert sum(one.counts[count] for one in parts) == sum(one.counts[count] for one in whole) > 0
    assert sum(one.counts[slots.RECORDS] for one in parts) >= sum(one.counts[slots.RECORDS] for one in whole)


def test_what_a_record_is_in_several_segments_with_counts_once_in_each() -> None:
    record = QualityRecord(
        prediction_id="p", consumer="ops", instances_json=['{"kind": "a"}', '{"kind": "a"}', '{"kind": "b"}']
    )
    record.model.name, record.model.version, record.model.variant = "m", "1", "default"
    found = observe([record], WORLDS[0].context)
    counts = {segment: (one.counts[slots.RECORDS], one.counts[slots.ROWS]) for (_, segment), one in found.items()}
    assert counts == {"": (1, 3), "kind=a": (1, 2), "kind=b": (1, 1), "level=other": (1, 3)}


def test_what_is_not_known_of_a_request_is_in_other() -> None:
    record = QualityRecord(prediction_id="p", consumer="ops")
    record.model.name, record.model.version, record.model.variant = "m", "1", "default"
    assert set(observe([record], WORLDS[0].context)) == {
        (SERIES, ""), (SERIES, "kind=other"), (SERIES, "level=other")
    }  # fmt: skip


def test_versions_are_series_of_their_own() -> None:
    world = WORLDS[0]
    found = observe(world.records, world.context)
    assert {series.version for series, _ in found} == {"1", "2"}


def test_no_records_are_no_aggregates() -> None:
    assert observe([], WORLDS[0].context) == {}


def test_an_unknown_model_is_measured_where_nothing_need_be_known_of_it() -> None:
    found = observe(WORLDS[0].records, ModelContext())
    assert {segment for _, segment in found} == {ALL}
    cell = Cell(next(iter(found.values())), {}, 10.0)
    figures = {key: figure for key, figure in measure_all(cell, ModelContext()).items() if figure.value is not None}
    dimensions = {CATALOGUE[key.partition("[")[0].partition(".")[0]].dimension for key in figures}
    assert {
        "response_time.p95",
        "availability",
        "validity",
        "confidence.p50",
        "accuracy",
        "label_coverage",
    } <= figures.keys()
    assert "drift" not in dimensions
    assert not figures.keys() & {"precision", "psi[kind]", "auc", "null_count"}


def test_names_from_outside_are_counted_as_other() -> None:
    record = WORLDS[0].records[0].__deepcopy__()
    for number in range(50):
        record.data.violations.add(field=f"column {number}", kind="type", count=1)
    record.prediction.labels[:] = [f"label {number}" for number in range(50)]
    record.data.image.mode = "made up"
    record.instances_json[:] = [f'{{"kind": "kind {number}", "column {number}": 1}}' for number in range(50)]
    for aggregate in observe([record], WORLDS[0].context).values():
        text = Aggregate.decode(aggregate.encode())
        names = [
            *text.counts,
            *text.sums,
            *text.sketches,
            *text.tables,
            *(n for table in text.tables.values() for n in table),
        ]
        assert not [name for name in (*names, *text.worst) if "column " in name or "label " in name or "kind " in name]
        assert "made up" not in names


@pytest.mark.parametrize(
    ("value", "truths"),
    [('["late", "late"]', 2), ('["late", null]', 1), ('["late"]', 0), ("late", 0), ('{"a": 1}', 0), ("[1, true]", 2)],
)
def test_the_truth_of_several_instances_is_an_array_of_as_many(value: str, truths: int) -> None:
    record = QualityRecord(prediction_id="p", consumer="ops")
    record.prediction.kind, record.prediction.count = "probability", 2
    record.prediction.labels.extend(["late", "on time"])
    record.truth.value = value
    found = observe([record], WORLDS[0].context)
    whole = next(one for (_, segment), one in found.items() if segment == ALL)
    assert whole.counts[slots.TRUTHS] == truths
    assert measure(Cell(whole), WORLDS[0].context, "label_coverage").value == truths / 2
