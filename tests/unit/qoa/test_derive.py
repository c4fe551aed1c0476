"""Golden records, written by hand from the meaning of the fields in quality.proto."""

import itertools
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive

CLIENT = Span.SPAN_KIND_CLIENT
SERVER = Span.SPAN_KIND_SERVER


@pytest.fixture
def record(otlp: Any) -> Any:
    def make(spans: list[Any]) -> QualityRecord:
        facts = decode(otlp.request(spans)).spans
        return derive(facts[0].prediction, facts)

    return make


def test_complete_prediction(otlp: Any, record: Any) -> None:
    found = MessageToDict(record(otlp.prediction(1, 0x10)), preserving_proto_field_name=True)
    name = "00000000000000000000000000000001-0000000000000010"
    assert found == {
        "prediction_id": name,
        "trace_id": name[:32],
        "consumer": "acme",
        "model": {"name": "digits", "version": "1", "variant": "default"},
        "event_time": "2026-09-21T14:13:20Z",
        "started_at": "2026-09-21T14:13:20Z",
        "duration_ms": 100.0,
        "status": "OK",
        "complete": True,
        "stages": [
            {"name": "web", "duration_ms": 100.0, "self_ms": 12.0, "status": "OK", "span_id": "0000000000000010"},
            {
                "name": "preprocess", "duration_ms": 80.0, "self_ms": 20.0, "start_ms": 5.0, "status": "OK",
                "span_id": "0000000000000012", "steps": [{"name": "decode", "start_ms": 6.0, "duration_ms": 4.0}],
            },
            {
                "name": "inference", "duration_ms": 50.0, "self_ms": 50.0, "start_ms": 25.0, "status": "OK",
                "span_id": "0000000000000018", "steps": [{"name": "compute", "start_ms": 30.0, "duration_ms": 40.0}],
            },
        ],
        "data": {
            "instances": 1, "missing_ratio": 0.25, "distance": 1.5,
            "violations": [
                {"kind": "range", "count": 1, "field": "distance"}, {"kind": "category", "count": 2, "field": "a:b"},
            ],
        },
        "prediction": {"kind": "classes", "count": 1, "labels": ["7"], "confidences": [0.9], "entropies": [0.4]},
        "inference": {"queue_ms": 0.5, "batch_ms": 0.25, "compute_ms": 40.0, "batch_size": 4},
        "entry_stage": "web",
        "instances_json": ['{"distance": 3}'],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "status", "complete", "stages", "missing"),
    [
        ("ok", "OK", True, ["web", "preprocess", "inference"], []),
        ("fail-web", "INVALID_ARGUMENT", True, ["web"], []),
        ("fail-preprocess", "INVALID_ARGUMENT", True, ["web", "preprocess"], []),
        ("fail-inference", "INTERNAL", True, ["web", "preprocess", "inference"], []),
        ("no-web", "OK", False, ["preprocess", "inference"], ["web"]),
        ("no-preprocess", "OK", False, ["web", "inference"], ["preprocess"]),
        ("no-inference", "OK", False, ["web", "preprocess"], ["inference"]),
        ("retry", "OK", True, ["web", "preprocess", "inference"], []),
        ("inference-only", "OK", True, ["inference"], []),
        ("conflict", "OK", True, ["web", "preprocess", "inference"], []),
    ],
)
def test_stages_by_shape(
    otlp: Any, record: Any, shape: str, status: str, complete: bool, stages: list[str], missing: list[str]
) -> None:
    found = record(otlp.prediction(shape=shape))
    assert (found.status, found.complete) == (status, complete)
    assert [stage.name for stage in found.stages] == stages
    assert list(found.missing_stages) == missing
    assert found.HasField("duration_ms") == (shape != "no-web")


def test_failure_carries_its_reason(otlp: Any, record: Any) -> None:
    assert record(otlp.prediction(shape="fail-preprocess")).reason == "INVALID_INPUT"


def test_entry_that_was_ok_went_through_every_stage(otlp: Any, record: Any) -> None:
    web = otlp.span(otlp.name(1, 1), 1, 0, 0, 10, kind=SERVER, stage="web", status="OK")
    assert list(record([web]).missing_stages) == ["preprocess", "inference"]


def test_call_that_never_arrived_is_a_missing_stage(otlp: Any, record: Any) -> None:
    name = otlp.name(1, 1)
    web = otlp.span(name, 1, 0, 0, 10, kind=SERVER, stage="web", status="UNAVAILABLE")
    call = otlp.span(name, 2, 1, 1, 9, kind=CLIENT, calls="preprocess")
    assert record([web]).complete
    assert list(record([web, call]).missing_stages) == ["preprocess"]


def test_stage_between_entry_and_a_deeper_one_is_missing_though_the_entry_failed(otlp: Any, record: Any) -> None:
    name = otlp.name(1, 1)
    web = otlp.span(name, 1, 0, 0, 10, kind=SERVER, stage="web", status="CANCELLED")
    inference = otlp.span(name, 9, 8, 2, 8, kind=SERVER, service="i", stage="inference", status="OK")
    assert list(record([web, inference]).missing_stages) == ["preprocess"]


def test_without_any_stage_everything_is_unknown(otlp: Any, record: Any) -> None:
    found = record([otlp.span(otlp.name(1, 1), 5, 4, 3, 4)])
    assert (found.complete, found.status, list(found.missing_stages)) == (False, "", ["web"])
    assert found.started_at.nanos == 3_000_000
    assert (found.HasField("model"), found.HasField("data"), found.HasField("duration_ms")) == (True, False, False)


@pytest.mark.parametrize(
    ("calls", "self_ms"),
    [
        ([], 100),
        ([(10, 30)], 80),
        ([(10, 30), (20, 50)], 60),  # overlapping
        ([(10, 90), (20, 30), (40, 60)], 20),  # nested
        ([(10, 20), (10, 20)], 90),  # the same twice
        ([(10, 20), (20, 30)], 80),  # touching
        ([(-50, 10), (90, 200)], 80),  # beyond both ends
        ([(-50, -10), (150, 200)], 100),  # outside
        ([(-5, 500)], 0),
    ],
)
def test_self_time_is_what_no_call_covers(otlp: Any, record: Any, calls: list[tuple[int, int]], self_ms: float) -> None:
    name = otlp.name(1, 1)
    spans = [otlp.span(name, 1, 0, 0, 100, kind=SERVER, stage="web", status="OK")]
    spans += [otlp.span(name, 10 + i, 1, *call, kind=CLIENT, calls="preprocess") for i, call in enumerate(calls)]
    for order in itertools.islice(itertools.permutations(spans), 24):
        assert record(list(order)).stages[0].self_ms == self_ms


def test_self_time_counts_only_calls_below_the_stage_in_its_service(otlp: Any, record: Any) -> None:
    name = otlp.name(1, 1)
    spans = [
        otlp.span(name, 1, 0, 0, 100, kind=SERVER, stage="web", status="OK"),
        otlp.span(name, 2, 1, 5, 95, name="work"),
        otlp.span(name, 3, 2, 10, 20, kind=CLIENT, calls="preprocess"),  # below a step: counts
        otlp.span(name, 4, 77, 30, 40, kind=CLIENT, calls="preprocess"),  # of an unknown parent
        otlp.span(name, 5, 1, 50, 60, kind=CLIENT, service="other", calls="preprocess"),  # of another service
        otlp.span(name, 6, 1, 70, 80, kind=CLIENT),  # calls no stage
    ]
    assert record(spans).stages[0].self_ms == 90


def test_retry_keeps_the_try_that_was_ok_and_counts_both_calls(otlp: Any, record: Any) -> None:
    found = record(otlp.prediction(1, 0x10, "retry"))
    web, preprocess, _ = found.stages
    assert (preprocess.span_id, preprocess.status) == ("0000000000000012", "OK")
    assert web.self_ms == 100 - 88 - 1


def test_of_conflicting_duplicates_the_one_that_ended_later_counts(otlp: Any, record: Any) -> None:
    spans = otlp.prediction(1, 0x10, "conflict")
    assert record(spans).stages[0].self_ms == record(spans[::-1]).stages[0].self_ms == 100 - 94


def test_parents_in_a_circle_are_survived(otlp: Any, record: Any) -> None:
    name = otlp.name(1, 1)
    circle = [otlp.span(name, 2, 3, 0, 1), otlp.span(name, 3, 2, 0, 1), otlp.span(name, 4, 4, 0, 1)]
    web = otlp.span(name, 1, 2, 0, 5, kind=SERVER, stage="web", status="CANCELLED")
    assert record([web, *circle]).stages[0].steps == []


def test_event_time_of_the_request_counts(otlp: Any, record: Any) -> None:
    spans = [otlp.span(otlp.name(1, 1), 1, 0, 7, 9, stage="web", status="CANCELLED", event_time=-1)]
    found = record(spans)
    assert (found.event_time.seconds, found.event_time.nanos) == (-1, 999_999_999)
    assert found.started_at.nanos == 7_000_000


@pytest.mark.parametrize(("cpu_ms", "known"), [(2.5, 2.5), (0.0, 0.0), (-1.0, None), (None, None)])
def test_cpu_time_of_a_stage_where_it_was_measured(
    otlp: Any, record: Any, cpu_ms: float | None, known: float | None
) -> None:
    name = otlp.name(1, 0x10)
    said = {} if cpu_ms is None else {"cpu_ms": cpu_ms}
    (stage,) = record([otlp.span(name, 0x10, 0, 0, 10, kind=SERVER, stage="web", status="OK", **said)]).stages
    assert (stage.cpu_ms if stage.HasField("cpu_ms") else None) == known
