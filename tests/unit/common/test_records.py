"""Records as JSON, as design §5 fixes it."""

import json

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.quality_pb2 import (
    DataQuality,
    Model,
    PredictionFacts,
    QualityRecord,
    QualitySummary,
    Stage,
)
from hallmark_common.records import record_to_dict, summary_to_dict

FIXED = [
    *("prediction_id", "trace_id", "consumer", "model", "version", "variant", "started_at", "duration_ms", "status"),
    *("complete", "missing_stages", "stages", "data", "prediction", "truth", "verdicts"),
]


def record(**fields: object) -> QualityRecord:
    return QualityRecord(
        prediction_id="t-s",
        trace_id="t",
        consumer="shop",
        model=Model(name="digits", version="1", variant="default"),
        started_at=Timestamp(seconds=1),
        status="OK",
        **fields,  # type: ignore[arg-type]  # the proto's own fields
    )


def test_a_bare_record_has_every_fixed_key_and_null_for_the_unknown() -> None:
    found = record_to_dict(QualityRecord())
    assert set(FIXED) <= found.keys()
    assert found["model"] == found["version"] == found["variant"] == ""
    nulls = ("duration_ms", "data", "prediction", "truth", "started_at", "inference")
    assert all(found[key] is None for key in nulls)
    assert found["complete"] is False
    assert found["stages"] == found["verdicts"] == found["missing_stages"] == found["instances"] == []
    json.dumps(found)


def test_the_order_of_keys_does_not_depend_on_what_is_known() -> None:
    full = record(
        duration_ms=1.0,
        complete=True,
        prediction=PredictionFacts(kind="number", count=1, values=[1.0]),
        stages=[Stage(name="web", self_ms=1.0, cpu_ms=0.5)],
    )
    assert list(record_to_dict(full)) == list(record_to_dict(QualityRecord()))
    assert list(record_to_dict(full)["stages"][0]) == [field.name for field in Stage.DESCRIPTOR.fields]


def test_model_is_flat_and_times_are_rfc_3339() -> None:
    found = record_to_dict(record(duration_ms=1.5, stages=[Stage(name="web", duration_ms=1.5)]))
    assert (found["model"], found["version"], found["variant"]) == ("digits", "1", "default")
    assert found["started_at"] == "1970-01-01T00:00:01Z"
    assert found["duration_ms"] == 1.5
    assert {"name", "duration_ms", "self_ms"} <= found["stages"][0].keys()


def test_one_instance_has_its_facts_by_singular_names() -> None:
    facts = PredictionFacts(kind="classes", count=1, labels=["7"], confidences=[0.5], entropies=[1.0])
    found = record_to_dict(record(prediction=facts))["prediction"]
    assert found == {"kind": "classes", "count": 1, "label": "7", "confidence": 0.5, "entropy": 1.0, "value": None}


def test_several_instances_have_lists() -> None:
    facts = PredictionFacts(kind="number", count=2, values=[1.0, 2.0])
    found = summary_to_dict(QualitySummary(prediction=facts))["prediction"]
    assert found["values"] == [1.0, 2.0]
    assert found["count"] == 2


def test_recorded_instances_are_parsed_and_data_has_nulls() -> None:
    found = record_to_dict(record(instances_json=['{"a": 1}', "not json"], data=DataQuality(instances=1)))
    assert found["instances"] == [{"a": 1}, "not json"]
    assert found["data"]["distance"] is None
    assert found["data"]["image"] is None
