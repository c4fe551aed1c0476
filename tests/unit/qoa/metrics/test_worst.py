"""Exemplars are the records in which a figure shows most, with the span where it does."""

import json

import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.catalogue import resolve
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.exemplar import MOST, Exemplar
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure, measure_all
from hallmark_qoa.metrics.observe import ALL, observe
from hallmark_qoa.metrics.worst import worst_of
from tests.support.counted import merged
from tests.unit.qoa.metrics.worlds import World, made_up

WORLD = made_up("probability", 11, 300)
NUMBERS = made_up("number", 12, 200)
BY_ID = {record.prediction_id: record for record in (*WORLD.records, *NUMBERS.records)}


def cell_of(world: World, records: list[QualityRecord] | None = None) -> Cell:
    found = observe(world.records if records is None else records, world.context)
    segments = {segment for _, segment in found}
    by_segment = {name: merged(one for (_, segment), one in found.items() if segment == name) for name in segments}
    return Cell(by_segment[ALL], {name: one for name, one in by_segment.items() if name != ALL}, 60.0)


CELL = cell_of(WORLD)


def span_of(record: QualityRecord, stage: str) -> str:
    return next((one.span_id for one in record.stages if one.name == stage), record.stages[0].span_id)


def worst(key: str) -> list[Exemplar]:
    return worst_of(CELL, WORLD.context, key)


def test_of_times_the_longest_in_order() -> None:
    whole = sorted((r for r in WORLD.records if r.HasField("duration_ms")), key=lambda r: -r.duration_ms)[:MOST]
    expected = [(r.prediction_id, r.duration_ms / 1e3, "web", span_of(r, "web")) for r in whole]
    assert [(e.prediction_id, e.value, e.stage, e.span_id) for e in worst("response_time.p95")] == expected


@pytest.mark.parametrize("stage", ["web", "preprocess", "inference"])
def test_of_a_stage_its_own_span(stage: str) -> None:
    own = [(one.self_ms / 1e3, r) for r in WORLD.records for one in r.stages if one.name == stage]
    value, record = max(own, key=lambda pair: pair[0])
    first = worst(f"stage_time[{stage}].p95")[0]
    assert (first.value, first.prediction_id, first.stage) == (value, record.prediction_id, stage)
    assert first.span_id == span_of(record, stage)
    assert first.started_ns == record.started_at.ToNanoseconds()


def test_of_confidence_the_lowest() -> None:
    lowest = sorted(score for r in WORLD.records for score in r.prediction.confidences)[:MOST]
    found = worst("confidence.p05")
    assert found[0].value == lowest[0]
    assert [one.value for one in found] == sorted(one.value for one in found)
    assert found[0].detail in ("answered late", "answered on time")
    assert found[0].stage == "preprocess" or not any(
        s.name == "preprocess" for s in BY_ID[found[0].prediction_id].stages
    )


def test_of_failures_those_that_the_metric_is_about() -> None:
    def statuses(key: str) -> set[str]:
        return {BY_ID[one.prediction_id].status for one in worst(key)}

    assert statuses("availability") <= {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}
    assert statuses("deadline_misses") == statuses("error_ratio[DEADLINE_EXCEEDED]") == {"DEADLINE_EXCEEDED"}
    assert not statuses("reliability") & {"OK", "CANCELLED", "INVALID_ARGUMENT"}
    assert len(worst("error_ratio")) == MOST


def test_of_missing_stages_what_is_known() -> None:
    for one in worst("missing_stages[preprocess]"):
        assert "preprocess" in BY_ID[one.prediction_id].missing_stages
        assert one.stage != "preprocess"
        assert one.detail == "no span of preprocess"
    assert all(not BY_ID[one.prediction_id].complete for one in worst("record_completeness"))


def test_of_data_the_column_and_its_value() -> None:
    for one in worst("none_ratio[level]"):
        assert json.loads(BY_ID[one.prediction_id].instances_json[one.instance])["level"] is None
        assert one.detail == "level is missing"
    for one in worst("out_of_range[size]"):
        kinds = {v.kind for v in BY_ID[one.prediction_id].data.violations if v.field == "size"}
        assert kinds & {"range", "reference_range"}
        assert one.detail.partition(":")[0] in kinds
    (first, *_) = worst("psi[size]")
    assert first.detail.startswith("size = 1000, the median is ")
    assert {one.detail for one in worst("psi[kind]")} <= {
        "kind = z, never seen in the training data", "kind = c, 0.500% of the training data"
    }  # fmt: skip


def test_of_wrong_answers_the_most_confident_by_label() -> None:
    for key, truth, label in (("recall[late]", "late", "on time"), ("precision[late]", None, "late")):
        found = worst(key)
        assert found
        assert [one.value for one in found] == sorted((one.value for one in found), reverse=True)
        for one in found:
            assert one.detail.startswith(f"answered {label}, truth is ")
            assert truth is None or one.detail.endswith(truth)
            assert not one.detail.endswith(f"is {label}")
    assert worst("accuracy") == worst("auc") != []


def test_of_numbers_the_largest_errors() -> None:
    found = worst_of(cell_of(NUMBERS), NUMBERS.context, "rmse")
    assert len(found) == MOST
    answer, truth = (float(part.split(" ")[-1]) for part in found[0].detail.split(", "))
    assert abs(answer - truth) == pytest.approx(found[0].value, rel=1e-4)


def test_of_a_spread_the_worst_segment() -> None:
    for key, inner in (
        ("spread[accuracy by kind].difference", "accuracy"),
        ("spread[response_time.p95 by kind].ratio", "response_time.p95"),
    ):
        parts = {name: Cell(one) for name, one in CELL.segments.items() if name in ("kind=a", "kind=b", "kind=c")}
        pick = min if inner == "accuracy" else max
        counted = {name: measure(part, WORLD.context, inner) for name, part in parts.items()}
        least = resolve(inner)[0].least
        name = pick((n for n, f in counted.items() if f.count >= least), key=lambda n: counted[n].value or 0.0)
        assert worst(key) == worst_of(parts[name], WORLD.context, inner) != []


def test_of_equal_values_the_first_by_prediction() -> None:
    records = []
    for number in range(20):
        record = QualityRecord(prediction_id=f"{19 - number:02}", consumer="ops", entry_stage="web", duration_ms=7.0)
        record.stages.add(name="web", span_id="a")
        records.append(record)
    found = worst_of(cell_of(WORLD, records), WORLD.context, "response_time.max")
    assert [one.prediction_id for one in found] == ["00", "01", "02", "03", "04"]


def test_every_prediction_proves_a_figure_once_and_no_figure_fails() -> None:
    for key in measure_all(CELL, WORLD.context):
        found = worst(key)
        assert len({one.prediction_id for one in found}) == len(found) <= MOST


def test_nothing_proves_what_nothing_is_known_of() -> None:
    empty = Cell(Aggregate())
    assert all(worst_of(empty, WORLD.context, key) == [] for key in ("response_time.p95", "psi[size]", "accuracy"))
