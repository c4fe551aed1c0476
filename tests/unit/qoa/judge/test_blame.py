"""Who or what is blamed, of windows of made-up predictions of which one thing is wrong."""

from statistics import mean

import pytest

from hallmark.qoa.v1.report_pb2 import Blame
from hallmark_common.contracts import Objective
from hallmark_common.model_spec import ModelSpec
from hallmark_common.profile import CategoryProfile, NumberProfile, Profile
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive
from hallmark_qoa.judge.blame import Case, blame
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure
from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.cells import cell_of
from hallmark_qoa.windows.fold import fold_records
from tests.support.predictions import MODEL, T0_NS, Made, objective, request_of

SIZE = NumberProfile(
    missing_ratio=0, minimum=-2, maximum=2, mean=0, std=1, median=0, iqr=2,
    quantiles=tuple(step / 25 - 2 for step in range(101)),
)  # fmt: skip
PROFILE = Profile(
    rows=1000,
    columns={"size": SIZE, "kind": CategoryProfile(missing_ratio=0, frequencies={"a": 0.5, "b": 0.5})},
    answers={"label": CategoryProfile(missing_ratio=0, frequencies={"late": 0.5, "on time": 0.5})},
)
CONTEXT = ModelContext.of(ModelSpec.model_validate({"name": "m", **MODEL}), PROFILE)
COUNT = 120
RIGHT = {"late": "late", "on time": "on time"}


def _cell(*changes: dict[str, object], truths: dict[str, str] | None = None) -> Cell:
    """Of so many predictions, each ordinary but for one of the changes in turn; ``truths`` by answer."""
    records = []
    for number in range(1, COUNT + 1):
        usual: dict[str, object] = {"kind": "ab"[number % 2], "late": 0.9 if number % 4 < 2 else 0.1}
        made = Made(number, **(usual | (changes[number % len(changes)] if changes else {})))  # type: ignore[arg-type]
        record = derive(made.prediction, decode(request_of(made.spans)).spans)
        if truths is not None and record.prediction.labels:
            record.truth.value = truths[record.prediction.labels[0]]
        records.append(record)
    found = cell_of(fold_records(Due("fold", 10, "m", "acme", T0_NS, 1, 0), records, CONTEXT))
    assert found is not None
    return found


def _blame(
    cell: Cell, *usual: Cell, metric: str, operator: str = "<=", threshold: float | None = None, **more: object
) -> Blame:
    """Without a threshold it is halfway between what is usual and the window: what is usual keeps the promise."""
    promised = Objective.model_validate(objective("o", metric, operator, threshold or 0.0, **more))
    if threshold is None:
        figures = [measure(one, CONTEXT, promised.key).value or 0.0 for one in (cell, *usual[:1])]
        promised = promised.model_copy(update={"threshold": mean(figures)})
    return blame(Case(promised, cell, usual, CONTEXT))


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"web_ms": 40}, "web"),
        ({"preprocess_ms": 40}, "preprocess"),
        ({"inference_ms": 40}, "inference"),
    ],
)
def test_the_stage_that_departs_most_from_what_is_usual(changes: dict[str, object], stage: str) -> None:
    """Each is slower by 30 ms, while another has always been the slowest."""
    always = {"preprocess_ms": 100} if stage != "preprocess" else {"inference_ms": 100}
    found = _blame(_cell(always | changes), *[_cell(always)] * 3, metric="response_time", aggregate="p95")
    assert (found.kind, found.name, found.stage) == ("stage", stage, stage)
    assert "took 40 ms of its own at p95, 10 ms is usual" in found.detail


def test_a_few_bad_windows_before_do_not_move_what_is_usual() -> None:
    usual = [_cell(), _cell({"inference_ms": 500}), _cell()]
    assert _blame(_cell({"web_ms": 40}), *usual, metric="response_time", aggregate="p50").name == "web"


def test_without_anything_before_the_largest_is_blamed() -> None:
    found = _blame(_cell({"inference_ms": 30}, {"web_ms": 5}), metric="response_time", aggregate="p95")
    assert found.name == "inference"
    assert found.detail.endswith("there is nothing before to compare with")


def test_a_fault_that_has_become_usual_is_blamed_still() -> None:
    """Inference has long been slow, and just now web is a little slower than ever."""
    usual = [_cell({"inference_ms": 100})] * 3
    found = _blame(
        _cell({"inference_ms": 98, "web_ms": 14}), *usual, metric="response_time", aggregate="p95", threshold=0.05
    )
    assert (found.name, found.detail) == ("inference", "inference took 98 ms of its own at p95, 100 ms is usual")


def test_what_comes_on_top_of_what_is_usual_is_blamed_where_it_is_the_greater_part() -> None:
    usual = [_cell({"inference_ms": 100})] * 3
    found = _blame(
        _cell({"inference_ms": 100, "web_ms": 60}), *usual, metric="response_time", aggregate="p95", threshold=0.1
    )
    assert found.name == "web"


def test_the_way_to_a_stage() -> None:
    """The call of web took longer than what preprocess saw of it."""
    slow = []
    for number in range(1, COUNT + 1):
        made = Made(number)
        spans = made.spans
        for _, span in spans[:2]:
            span.end_time_unix_nano += 200 * 10**6
        slow.append(derive(made.prediction, decode(request_of(spans)).spans))
    cell = cell_of(fold_records(Due("fold", 10, "m", "acme", T0_NS, 1, 0), slow, CONTEXT))
    assert cell is not None
    found = _blame(cell, _cell(), metric="response_time", aggregate="p95")
    assert found.stage == "preprocess"
    assert "until it was reached" in found.detail


def test_own_time_and_the_way_to_a_stage_count_together() -> None:
    """Preprocess is late by 25 ms and slower by 25 ms, inference is slower by 40 ms."""
    slow = []
    for number in range(1, COUNT + 1):
        made = Made(number, preprocess_ms=35, inference_ms=50)
        spans = made.spans
        for _, span in spans[:2]:
            span.end_time_unix_nano += 25 * 10**6
        slow.append(derive(made.prediction, decode(request_of(spans)).spans))
    cell = cell_of(fold_records(Due("fold", 10, "m", "acme", T0_NS, 1, 0), slow, CONTEXT))
    assert cell is not None
    assert _blame(cell, _cell(), metric="response_time", aggregate="p95").stage == "preprocess"


@pytest.mark.parametrize(
    ("late_ms", "stage"),
    [({0: 50, 1: 50}, "preprocess"), ({}, "inference")],
    ids=["a caller that is late itself", "a caller that is as ever"],
)
def test_a_long_way_is_of_whichever_of_its_ends_departs_most(late_ms: dict[int, int], stage: str) -> None:
    """The way to inference is longer by 30 ms, for preprocess was late in taking the answer, or inference to begin."""
    slow = []
    for number in range(1, COUNT + 1):
        made = Made(number)
        spans = made.spans
        for place, (_, span) in enumerate(spans[:4]):
            span.end_time_unix_nano += (30 + late_ms.get(place, 0)) * 10**6
        slow.append(derive(made.prediction, decode(request_of(spans)).spans))
    cell = cell_of(fold_records(Due("fold", 10, "m", "acme", T0_NS, 1, 0), slow, CONTEXT))
    assert cell is not None
    assert _blame(cell, _cell(), metric="transit_time", of="inference", aggregate="p50").stage == stage


@pytest.mark.parametrize("skew_s", [-300.0, 300.0])
def test_clocks_that_differ_by_minutes_change_nothing(skew_s: float) -> None:
    skewed = {"preprocess_skew_s": skew_s, "inference_skew_s": -skew_s}
    found = _blame(_cell({"inference_ms": 40} | skewed), _cell(skewed), metric="response_time", aggregate="p95")
    assert found == _blame(_cell({"inference_ms": 40}), _cell(), metric="response_time", aggregate="p95")


def test_a_stage_that_the_objective_is_about() -> None:
    assert _blame(_cell(), metric="stage_time", of="web", aggregate="p95").stage == "web"
    assert _blame(_cell(), metric="queue_time", aggregate="p95").stage == "inference"


def test_the_stage_at_which_predictions_fail() -> None:
    found = _blame(_cell({"status": "UNAVAILABLE"}, {}), metric="availability", operator=">=")
    assert (found.kind, found.stage) == ("stage", "web")


def test_the_column_whose_check_fails_more_than_is_usual() -> None:
    usual = _cell({"kind": None}, {})
    found = _blame(_cell({"kind": None, "violation": "range"}, {}), usual, metric="validity", operator=">=")
    assert (found.kind, found.name, found.stage) == ("column", "size", "preprocess")
    assert found.detail == "out_of_range of size is 50 %, 0 % is usual"
    found = _blame(_cell({"kind": None}), usual, metric="completeness", operator=">=")
    assert (found.name, found.detail) == ("kind", "none_ratio of kind is 100 %, 50 % is usual")


def test_a_column_that_has_long_failed_its_check() -> None:
    found = _blame(*[_cell({"violation": "range"}, {})] * 3, metric="validity", operator=">=", threshold=0.9)
    assert (found.name, found.detail) == ("size", "out_of_range of size is 50 %, 50 % is usual")


def test_where_nothing_departs_the_check_itself_is_blamed() -> None:
    found = _blame(_cell(), _cell(), metric="validity", operator=">=")
    assert (found.kind, found.name) == ("check", "validity")


def test_a_column_that_drifts() -> None:
    found = _blame(_cell({"size": 9.0}), metric="psi", of="size")
    assert (found.kind, found.name, found.stage) == ("column", "size", "preprocess")


def test_the_label_whose_share_of_answers_drifts() -> None:
    found = _blame(_cell({"late": 0.9}), _cell(), metric="psi", of="@prediction")
    assert (found.kind, found.stage) == ("label", "inference")
    assert found.detail in (
        "100 % of the answers are late, 50 % is usual",
        "0 % of the answers are on time, 50 % is usual",
    )


def test_answers_that_have_long_been_others_than_in_the_reference() -> None:
    drifted = _cell({"late": 0.9}, {"late": 0.9}, {"late": 0.9}, {"late": 0.1})
    found = _blame(drifted, *[drifted] * 3, metric="psi", of="@prediction", threshold=0.01)
    assert found.detail in (
        "75 % of the answers are late, 50 % in the reference",
        "25 % of the answers are on time, 50 % in the reference",
    )


def test_the_label_that_is_not_recognized_any_more() -> None:
    """What is answered as punctual is late: of those that are late half are recognized."""
    found = _blame(
        _cell(truths={"late": "late", "on time": "late"}), _cell(truths=RIGHT), metric="accuracy", operator=">="
    )
    assert (found.kind, found.name, found.stage) == ("label", "late", "inference")
    assert found.detail == "of those that are late, 50 % were recognized, 100 % is usual"


def test_the_segment_in_which_the_model_is_wrong() -> None:
    """Its labels are recognized as ever, over all."""
    cell, wrong = _cell(truths=RIGHT), _cell(truths={"late": "on time", "on time": "late"})
    mixed = Cell(cell.total, {"kind=a": wrong.segments["kind=a"], "kind=b": cell.segments["kind=b"]}, 10.0)
    found = _blame(mixed, cell, metric="brier_score")
    assert (found.kind, found.name, found.stage) == ("segment", "kind=a", "inference")
    assert found.detail == "brier_score of kind=a is 0.81, 0.01 is usual"


def test_the_segment_in_which_the_model_has_long_been_wrong() -> None:
    cell, wrong = _cell(truths=RIGHT), _cell(truths={"late": "on time", "on time": "late"})
    mixed = Cell(cell.total, {"kind=a": wrong.segments["kind=a"], "kind=b": cell.segments["kind=b"]}, 10.0)
    found = _blame(mixed, *[mixed] * 3, metric="brier_score", threshold=0.005)
    assert (found.kind, found.name) == ("segment", "kind=a")


def test_without_anything_before_the_segment_that_is_worse_than_the_whole() -> None:
    """The smaller one is always right, the larger one two times of three."""
    half = {"late": "late", "on time": "late"}
    mix = ({"kind": "b"}, {"kind": "b"}, {"kind": "a"}, {"kind": "b"})
    segments = {
        "kind=a": _cell(*mix, truths=RIGHT).segments["kind=a"], "kind=b": _cell(*mix, truths=half).segments["kind=b"],
    }  # fmt: skip
    whole = Aggregate()
    for segment in segments.values():
        whole.merge(segment)
    mixed = Cell(whole, segments, 10.0)
    assert _blame(mixed, metric="accuracy", operator=">=").name == "kind=b"


def test_the_segment_that_is_worst_off() -> None:
    cell = _cell({"kind": "a", "violation": "range"}, {"kind": "b"})
    found = _blame(cell, metric="spread", of="validity by kind", aggregate="difference")
    assert (found.kind, found.name, found.stage) == ("segment", "kind=a", "preprocess")
    assert found.detail == "validity of kind=a is 0, the worst"


def test_the_rest_is_no_segment_that_could_be_worst_off() -> None:
    """Fairness is between groups: what has no kind is in none, as in the figure itself."""
    bad = {"violation": "range"}
    cell = _cell({"kind": None, **bad}, {"kind": "a", **bad}, {"kind": "a"}, {"kind": "b"})
    assert _blame(cell, metric="spread", of="validity by kind", aggregate="difference").name == "kind=a"


def test_the_stage_that_uses_more_cpu() -> None:
    found = _blame(_cell(), metric="cpu_time", aggregate="mean")
    assert (found.kind, found.stage) == ("stage", "web")


def test_the_stage_whose_telemetry_is_lost() -> None:
    for stage in ("web", "preprocess", "inference"):
        found = _blame(_cell({"lost": stage}, {}), _cell(), metric="record_completeness", operator=">=")
        assert (found.kind, found.name, found.stage) == ("telemetry", stage, stage)
        assert found.detail == f"50 % of the records lack {stage}, 0 % is usual"


def test_a_stage_whose_telemetry_has_long_been_lost() -> None:
    lost = _cell({"lost": "inference"}, {})
    found = _blame(lost, *[lost] * 3, metric="record_completeness", operator=">=", threshold=0.9)
    assert (found.kind, found.name) == ("telemetry", "inference")


def test_labels_that_do_not_come() -> None:
    assert _blame(_cell(), metric="label_coverage", operator=">=").name == "labels"
