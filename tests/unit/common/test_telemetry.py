"""What a process says of itself, and the switch that turns telemetry off."""

from typing import Any

import pytest
from opentelemetry import propagate

from hallmark_common.settings import Settings
from hallmark_common.telemetry import make_telemetry


def test_the_resource_names_service_namespace_version_and_instance(recorder: Any) -> None:
    recorder.telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    (span,) = recorder.spans()
    resource = span.resource.attributes
    assert resource["service.name"] == "hallmark-test"
    assert resource["service.namespace"] == "hallmark"
    assert resource["service.version"]
    assert len(resource["service.instance.id"]) == 36


def test_what_became_of_spans_is_a_metric(recorder: Any) -> None:
    tracer = recorder.telemetry.tracer_provider.get_tracer("t")
    for _ in range(3):
        tracer.start_span("s").end()
    recorder.spans()
    counts = {p.attributes["outcome"]: p.value for p in recorder.durations("hallmark.telemetry.spans")}
    assert counts == {"made": 3, "sent": 3}


def test_a_caller_that_does_not_sample_is_recorded_all_the_same(recorder: Any) -> None:
    ctx = propagate.extract({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"})
    recorder.telemetry.tracer_provider.get_tracer("t").start_span("s", ctx).end()
    assert len(recorder.spans()) == 1


def test_off_means_no_spans_but_still_ids() -> None:
    telemetry = make_telemetry("hallmark-test", Settings(telemetry=False))
    span = telemetry.tracer_provider.get_tracer("t").start_span("s")
    assert span.get_span_context().is_valid
    assert not span.is_recording()
    assert telemetry.stats().made == 0
    telemetry.shutdown()


def test_the_standard_variable_wins_over_the_default_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    telemetry = make_telemetry("hallmark-test", Settings(otlp_grpc_port=1))
    exporter = telemetry._spans._exporter  # type: ignore[union-attr]  # the wiring is what is tested
    assert exporter._endpoint == "127.0.0.1:9"
    telemetry.shutdown(100)
