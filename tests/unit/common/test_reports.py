"""Windows, verdicts and changes as JSON, as design §5 fixes it."""

import json

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import Blame, Budget, Figure, WindowReport, WindowVerdict
from hallmark_common.reports import change_to_dict, report_to_dict, verdict_to_dict, window_name
from tests.support.reports import DAY_START_S, FAST, MINUTE_S, STABLE, Subject, evidence, verdict_of, window

SUBJECT = Subject()
KEYS = [
    *("consumer", "model", "variant", "versions", "segment", "window", "count", "completeness", "metrics"),
    *("verdict", "evidence", "verdicts"),
]
EVIDENCE = ["rule", "observed", "threshold", "stage", "trace_id", "span_id", "prediction_id", "contract", "detail"]


def violated() -> WindowVerdict:
    return verdict_of(SUBJECT, FAST, DAY_START_S, MINUTE_S, 0.5)


def test_a_window_has_exactly_the_fixed_keys() -> None:
    figures = {"response_time.p95": 0.5, "accuracy": None}
    found = report_to_dict(window(SUBJECT, DAY_START_S, MINUTE_S, figures, [violated()], count=7))
    assert list(found) == KEYS
    assert found["window"] == {
        "size": "1m",
        "start": "2013-07-01T00:00:00Z",
        "end": "2013-07-01T00:01:00Z",
        "closed": True,
    }
    assert found["metrics"] == {"accuracy": None, "response_time.p95": 0.5}
    assert (found["count"], found["completeness"], found["verdict"]) == (7, 0.98, "violated")
    json.dumps(found, allow_nan=False)


def test_a_violation_is_proved_by_spans() -> None:
    found = report_to_dict(window(SUBJECT, DAY_START_S, MINUTE_S, {}, [violated()]))["evidence"]
    assert len(found) == 3
    assert list(found[0]) == EVIDENCE
    worst = evidence(DAY_START_S, 0.7)
    assert found[0] == {
        "rule": "fast-enough",
        "observed": pytest.approx(0.7),
        "threshold": 0.2,
        "stage": "inference",
        "trace_id": worst.trace_id,
        "span_id": worst.span_id,
        "prediction_id": worst.prediction_id,
        "contract": "flights-operations",
        "detail": "",
    }


def test_only_violations_have_evidence() -> None:
    kept = verdict_of(SUBJECT, FAST, DAY_START_S, MINUTE_S, 0.1)
    kept.evidence.append(evidence(1, 0.1))
    unknown = verdict_of(SUBJECT, STABLE, DAY_START_S, MINUTE_S, None)
    unknown.evidence.append(evidence(2, 0.1))
    found = report_to_dict(window(SUBJECT, DAY_START_S, MINUTE_S, {}, [kept, unknown]))
    assert found["evidence"] == []
    assert found["verdict"] == "unknown"
    assert [verdict["verdict"] for verdict in found["verdicts"]] == ["pass", "unknown"]


def test_a_violation_that_is_in_no_span_still_names_rule_and_stage() -> None:
    verdict = WindowVerdict(
        objective="busy",
        verdict="violated",
        observed=0.1,
        threshold=5,
        blame=Blame(kind="telemetry", name="web", stage="web", detail="nobody asked"),
    )
    (found,) = report_to_dict(WindowReport(verdicts=[verdict]))["evidence"]
    assert found["rule"] == "busy"
    assert (found["observed"], found["threshold"], found["stage"]) == (0.1, 5, "web")
    assert found["trace_id"] is found["span_id"] is found["prediction_id"] is None
    assert found["detail"] == "nobody asked"


def test_a_bare_window_has_every_key_and_no_verdict() -> None:
    found = report_to_dict(WindowReport())
    assert list(found) == KEYS
    assert found["verdict"] is None
    assert found["window"]["size"] == "0s"


def test_a_value_that_json_cannot_hold_is_null() -> None:
    figures = {"auc": Figure(value=float("nan")), "mse": Figure(value=float("inf"))}
    assert report_to_dict(WindowReport(figures=figures))["metrics"] == {"auc": None, "mse": None}


def test_a_verdict_has_every_field_null_where_it_is_not_known_and_numbers_as_numbers() -> None:
    found = verdict_to_dict(WindowVerdict(count=2**40, budget=Budget(target=0.9)))
    assert list(found) == [field.name for field in WindowVerdict.DESCRIPTOR.fields]
    assert found["count"] == 2**40
    assert found["observed"] is found["blame"] is found["start"] is None
    assert found["budget"]["burn_rate"] is None
    json.dumps(found)


def test_a_change_is_a_verdict_with_what_was_before() -> None:
    verdict = violated()
    found = change_to_dict(VerdictChange(id="a", verdict=verdict, before="pass", silenced=True))
    assert found == verdict_to_dict(verdict) | {"id": "a", "before": "pass", "silenced": True}
    assert found["start"] == Timestamp(seconds=DAY_START_S).ToJsonString()
    assert change_to_dict(VerdictChange(id="b", verdict=verdict))["before"] is None


@pytest.mark.parametrize(("size_s", "name"), [(10, "10s"), (60, "1m"), (3600, "1h"), (86400, "1d"), (7, "7s")])
def test_sizes_of_windows_are_named_as_in_settings(size_s: int, name: str) -> None:
    assert window_name(size_s) == name
