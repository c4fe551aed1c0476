"""Figures of strange windows: never NaN, never infinite, never made up; and what a metric means at its edges."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.catalogue import CATALOGUE
from hallmark_common.model_spec import ModelSpec
from hallmark_common.profile import CategoryProfile, Profile
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext, NumberColumn
from hallmark_qoa.metrics.figure import NOTHING, Cell, Figure
from hallmark_qoa.metrics.measure import measure, measure_all
from hallmark_qoa.metrics.observe import ALL, observe
from tests.unit.qoa.metrics.worlds import OUTPUTS, SECONDS, TABLE, number_profile

EMPTY = ModelContext()
EXTREMES = st.sampled_from([None, 0, 1, -1, 0.5, 1e-300, -1e300, 1.7e308, 2**31, "text", True, [], {}])
CELLS = st.one_of(EXTREMES, st.floats(allow_nan=False, allow_infinity=False))


def context_of(trained: list[float], output: str = "probability") -> ModelContext:
    spec = ModelSpec.model_validate({"name": "m", "input": TABLE, "output": OUTPUTS[output]})
    answers: Any = {"value": number_profile(trained)} if output == "number" else {}
    columns = {"size": number_profile(trained), "kind": CategoryProfile(missing_ratio=0, frequencies={"a": 1.0})}
    return ModelContext.of(spec, Profile(rows=len(trained), columns=columns, answers=answers), 0.04)


def record_of(number: int, size: Any, kind: Any = "a") -> QualityRecord:
    record = QualityRecord(
        prediction_id=f"{number:04}", consumer="ops", status="OK", duration_ms=1.0, entry_stage="web"
    )
    record.instances_json.append(json.dumps({"size": size, "kind": kind}))
    record.data.instances = 1
    return record


def cell_of(records: list[QualityRecord], context: ModelContext) -> Cell:
    return Cell(
        next((one for (_, segment), one in observe(records, context).items() if segment == ALL), Aggregate()),
        {},
        SECONDS,
    )


def assert_sound(cell: Cell, context: ModelContext) -> None:
    for key, figure in measure_all(cell, context).items():
        assert figure.value is None or math.isfinite(figure.value), key
        assert math.isfinite(figure.error), key
        assert figure.error >= 0, key


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=12),
    st.sampled_from([[0.0], [1.0, 2.0], [-1e300, 1e300], [5.0] * 9 + [6.0]]),
)
def test_columns_of_anything_give_sound_figures(rows: list[tuple[Any, Any]], trained: list[float]) -> None:
    context = context_of(trained)
    assert_sound(cell_of([record_of(index, *row) for index, row in enumerate(rows)], context), context)


SCORES = st.one_of(st.sampled_from([0.0, 1.0, 0.5, -0.1, 1.1, 1e308]), st.floats(0, 1))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(SCORES, st.sampled_from(["late", "on time", "?", "1e999", "nan", "7", ""])), max_size=12),
    st.sampled_from([*OUTPUTS]),
)
def test_answers_of_anything_give_sound_figures(answers: list[tuple[float, str]], output: str) -> None:
    records = []
    for index, (score, truth) in enumerate(answers):
        record = record_of(index, 1.0)
        record.prediction.kind, record.prediction.count = output, 1
        record.prediction.values.append(score)
        if output != "number":
            record.prediction.labels.append("late")
            record.prediction.confidences.append(score)
        record.truth.value = truth
        records.append(record)
    context = context_of([1.0, 2.0, 3.0], output if output != "classes" else "probability")
    assert_sound(cell_of(records, context), context)


ANY_NUMBER = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e308]))
ANY_TEXT = st.one_of(
    st.text(max_size=9), st.sampled_from(["web", "inference", "temp", "size", "late", "{}", "[1]", "null"])
)


@st.composite
def any_record(draw: st.DrawFn) -> QualityRecord:
    """Whatever protobuf can hold."""
    record = QualityRecord(prediction_id=draw(ANY_TEXT), status=draw(ANY_TEXT), entry_stage=draw(ANY_TEXT))
    record.instances_json.extend(draw(st.lists(ANY_TEXT, max_size=3)))
    record.missing_stages.extend(draw(st.lists(ANY_TEXT, max_size=2)))
    if draw(st.booleans()):
        record.duration_ms = draw(ANY_NUMBER)
    for _ in range(draw(st.integers(0, 3))):
        stage = record.stages.add(name=draw(ANY_TEXT), duration_ms=draw(ANY_NUMBER), self_ms=draw(ANY_NUMBER))
        stage.cpu_ms = draw(ANY_NUMBER)
    record.data.instances, record.data.missing_ratio = draw(st.integers(0, 2**32 - 1)), draw(ANY_NUMBER)
    record.data.distance = draw(ANY_NUMBER)
    record.data.violations.add(
        field=draw(ANY_TEXT), kind=draw(st.sampled_from(["type", "range", "x"])), count=2**32 - 1
    )
    record.data.image.brightness, record.data.image.width = draw(ANY_NUMBER), draw(st.integers(0, 2**32 - 1))
    facts = record.prediction
    facts.count = draw(st.integers(0, 4))
    facts.labels.extend(draw(st.lists(ANY_TEXT, max_size=3)))
    for numbers in (facts.confidences, facts.entropies, facts.values):
        numbers.extend(draw(st.lists(ANY_NUMBER, max_size=3)))
    record.inference.queue_ms, record.truth.value = draw(ANY_NUMBER), draw(ANY_TEXT)
    record.truth.observed_at.seconds = draw(st.integers(-(2**40), 2**40))
    return record


@settings(deadline=None, max_examples=150)
@given(
    st.lists(any_record(), max_size=4),
    st.sampled_from([EMPTY, *(context_of([1.0, 2.0], out) for out in ("probability", "number"))]),
)
def test_no_record_whatever_stops_a_window(records: list[QualityRecord], context: ModelContext) -> None:
    for aggregate in observe(records, context).values():
        assert Aggregate.decode(aggregate.encode()) == aggregate
        assert_sound(Cell(aggregate, {}, SECONDS), context)


@pytest.mark.parametrize(
    "key", ["error_ratios[nothing]", "total_errors[nothing]", "out_of_range[nothing]", "prediction_share[nothing]",
            "color_mode[nothing]", "missing_stages[nothing]", "null_count[nothing]", "psi[nothing]"],
)  # fmt: skip
def test_what_is_not_told_apart_is_not_taken_for_none(key: str) -> None:
    record = record_of(1, 1.0)
    record.data.violations.add(field="nothing", kind="type", count=1)
    record.data.image.mode = "nothing"
    record.prediction.labels.append("nothing")
    context = context_of([1.0, 2.0])
    assert measure(cell_of([record], context), context, key) == NOTHING


@pytest.mark.parametrize("context", [EMPTY, context_of([1.0, 2.0])], ids=["unknown", "known"])
def test_an_empty_window_has_no_figures(context: ModelContext) -> None:
    assert measure_all(Cell(Aggregate(), {}, SECONDS), context) == {}
    for name, metric in CATALOGUE.items():
        aggregate = f".{metric.aggregates[0]}" if metric.aggregates else ""
        of = {"": "", "figure": "[accuracy by kind]"}.get(metric.of, "[size]")
        found = measure(Cell(Aggregate(), {}, SECONDS), context, f"{name}{of}{aggregate}")
        assert found.count == 0
        assert found.value is None or name == "throughput"


def test_one_class_only_has_accuracy_and_no_auc() -> None:
    context = context_of([1.0, 2.0])
    records = []
    for number in range(3):
        record = record_of(number, 1.0)
        record.prediction.kind, record.prediction.count = "probability", 1
        record.prediction.labels.append("late")
        record.prediction.confidences.append(0.9)
        record.prediction.values.append(0.9)
        record.truth.value = "late"
        records.append(record)
    cell = cell_of(records, context)
    assert measure(cell, context, "accuracy").value == 1.0
    assert measure(cell, context, "auc").value is None
    assert measure(cell, context, "auc").count == 3
    assert measure(cell, context, "recall[on time]") == NOTHING
    assert measure(cell, context, "precision[late]").value == 1.0


def test_a_constant_column_has_no_variance_and_no_rounding_of_it() -> None:
    context = context_of([0.1, 0.2])
    cell = cell_of([record_of(number, 1017.1) for number in range(1000)], context)
    assert measure(cell, context, "input_variance[size]").value == 0.0
    assert measure(cell, context, "input_mean[size]").value == 1017.1


def test_perfect_numbers_have_no_error() -> None:
    context = context_of([1.0, 2.0], "number")
    records = []
    for number in range(4):
        record = record_of(number, 1.0)
        record.prediction.kind, record.prediction.count = "number", 1
        record.prediction.values.append(number)
        record.truth.value = str(number)
        records.append(record)
    cell = cell_of(records, context)
    assert [measure(cell, context, name).value for name in ("mse", "mae", "mean_error", "r2")] == [0.0, 0.0, 0.0, 1.0]
    assert measure(cell, context, "accuracy").value is None


def test_bins_of_another_reference_are_no_drift() -> None:
    cell = cell_of([record_of(number, number) for number in range(300)], context_of([1.0, 2.0, 3.0]))
    assert measure(cell, context_of([1.0, 2.0, 3.0]), "psi[size]").value is not None
    assert measure(cell, context_of([1.0, 2.0, 4.0]), "psi[size]") == NOTHING
    assert isinstance(context_of([1.0, 2.0]).columns["size"], NumberColumn)


@pytest.mark.parametrize("missing", ["level", "flag", "who"])
def test_a_column_that_is_always_missing_is(missing: str) -> None:
    context = context_of([1.0, 2.0])
    cell = cell_of([record_of(number, 1.0) for number in range(4)], context)
    assert measure(cell, context, f"none_ratio[{missing}]").value == 1.0
    assert measure(cell, context, "none_ratio[size]").value == 0.0


def test_a_client_s_faults_count_for_neither_availability_nor_reliability() -> None:
    statuses = ["OK", "INVALID_ARGUMENT", "CANCELLED", "UNAVAILABLE", "INTERNAL", "OK"]
    records = [record_of(number, 1.0) for number in range(len(statuses))]
    for record, status in zip(records, statuses, strict=True):
        record.status = status
    cell = cell_of(records, EMPTY)
    found = {name: measure(cell, EMPTY, name) for name in ("availability", "reliability", "error_ratio")}
    assert {name: (figure.value, figure.count) for name, figure in found.items()} == {
        "availability": (0.75, 4), "reliability": (0.5, 4), "error_ratio": (4 / 6, 6)
    }  # fmt: skip


def test_a_request_whose_end_is_not_known_is_no_success() -> None:
    record = record_of(1, 1.0)
    record.ClearField("duration_ms")
    assert measure(cell_of([record], EMPTY), EMPTY, "availability") == NOTHING


def test_extremes_are_exact_and_what_is_constant_is_certain() -> None:
    context = context_of([1.0, 2.0, 3.0])
    cell = cell_of([record_of(number, size) for number, size in enumerate((1017.25, 1018.5, 1016.1))], context)
    least, most = (measure(cell, context, f"input_value[size].{which}") for which in ("min", "max"))
    assert (least.value, least.error, most.value, most.error) == (1016.1, 0.0, 1018.5, 0.0)
    middle = measure(cell, context, "input_value[size].p95")
    assert middle.value is not None
    assert 1016.1 <= middle.value <= 1018.5
    cell = cell_of([record_of(number, 1.0) for number in range(3)], context)
    assert measure(cell, context, "input_value[size].p50") == Figure(1.0, 3, 0.0)


def test_chi_squared_is_of_categories_only() -> None:
    context = context_of([1.0, 2.0, 3.0])
    cell = cell_of([record_of(number, float(number % 3)) for number in range(60)], context)
    assert measure(cell, context, "chi_squared[size]") == NOTHING
    assert measure(cell, context, "chi_squared[kind]").count == 60


def test_a_number_that_leaves_both_ranges_is_out_of_range_once() -> None:
    context = context_of([1.0, 2.0, 3.0])
    records = [record_of(0, 99.0), record_of(1, 2.0)]
    for kind in ("range", "reference_range"):
        records[0].data.violations.add(kind=kind, field="size", count=1)
    assert measure(cell_of(records, context), context, "out_of_range[size]").value == 0.5
