"""A replay through services, collector, RabbitMQ and engine: the same numbers wherever one looks."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.pipeline import Pipeline
from tests.support.prometheus import Prometheus
from tests.support.waiting import until

PREDICTIONS = 2000
RATE = 100.0
ONLY_A_SHARE = {"COLLECTOR_DECISION_WAIT": "1s", "COLLECTOR_SLOW_MS": "100000"}
"""Slow ones are kept too, and how many are is up to the machine, as it is with what breaks a contract."""
EDGES = {("hallmark-web", "hallmark-preprocess"), ("hallmark-preprocess", "hallmark-inference")}

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Replayed:
    """What there is to look at after the replay."""

    pipeline: Pipeline
    prometheus: Prometheus
    sink: OtlpSink


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    folder = tmp_path_factory.mktemp("counts")
    pipeline = Pipeline(folder, collector_environ=ONLY_A_SHARE, contracts_dir=str(folder / "no-contracts"))
    with otlp_sink(pipeline.site.settings.stack_tempo_otlp_port) as sink, pipeline.running():
        with pipeline.load(RATE, PREDICTIONS / RATE) as load:
            assert load.done() == PREDICTIONS
        pipeline.until_nothing_is_lost(PREDICTIONS)
        pipeline.until_counted("stored", pipeline.spans_at_source("made"))
        yield Replayed(pipeline, pipeline.prometheus, sink)


def test_one_complete_record_a_prediction(replayed: Replayed) -> None:
    assert (replayed.pipeline.stored().records, replayed.pipeline.stored().complete) == (PREDICTIONS, PREDICTIONS)
    assert replayed.prometheus.value('sum(hallmark_qoa_records_total{outcome="stored"})') == PREDICTIONS


@pytest.mark.parametrize("point", ["made", "sent", "accepted", "published", "consumed", "stored"])
def test_every_span_is_seen_at_every_point(replayed: Replayed, point: str) -> None:
    assert (
        replayed.prometheus.value(f'hallmark:spans:total{{point="{point}"}}') == replayed.pipeline.stored().span_count
    )


def test_one_expression_shows_no_loss_between_any_two_points(replayed: Replayed) -> None:
    differences = replayed.prometheus.query(
        'hallmark:spans:total - ignoring(point) group_left hallmark:spans:total{point="made"}'
    )
    assert len(differences) == 6
    assert {float(series["value"][1]) for series in differences} == {0.0}


def test_rabbitmq_counts_the_same_messages_as_the_collector_and_the_engine(replayed: Replayed) -> None:
    def counts() -> set[float]:
        text = replayed.pipeline.broker.metrics()
        return {
            *(_sum(text, outcome) for outcome in ("received", "routed", "confirmed", "delivered", "acknowledged")),
            replayed.pipeline.of_collector("otelcol_exporter_rabbitmq_confirmed_messages"),
        }

    # Metrics go on flowing through the same queues, so that a look may fall between two of these counters.
    until(lambda: len(counts()) == 1, "all have counted the same messages", timeout_s=30)


def _sum(text: str, outcome: str) -> float:
    return sum(map(float, re.findall(rf"^rabbitmq_global_messages_{outcome}_total\{{.*\}} (\S+)$", text, re.MULTILINE)))


@pytest.mark.parametrize(
    "promql",
    [
        'sum(rpc_server_call_duration_seconds_count{rpc_method=~".*/ModelInfer"})',
        'sum(rpc_client_call_duration_seconds_count{rpc_method=~".*/ModelInfer"})',
        *(f'sum(traces_span_metrics_calls_total{{hallmark_stage="{s}"}})' for s in ("web", "preprocess", "inference")),
    ],
)
def test_prometheus_counts_every_prediction(replayed: Replayed, promql: str) -> None:
    assert replayed.prometheus.value(promql) == PREDICTIONS


def test_the_edges_of_the_service_graph(replayed: Replayed) -> None:
    found = replayed.prometheus.query("traces_service_graph_request_total")
    edges = {(one["metric"]["client"], one["metric"]["server"]): float(one["value"][1]) for one in found}
    assert edges.keys() >= EDGES
    assert {edges[edge] for edge in EDGES} == {PREDICTIONS}


def test_an_exemplar_leads_to_a_record(replayed: Replayed) -> None:
    traces = replayed.prometheus.exemplars("rpc_server_call_duration_seconds_bucket")
    assert traces
    for trace in sorted(traces)[:5]:
        answer = replayed.pipeline.command("record", trace, "--json")
        assert json.loads(answer)["trace_id"] == trace


def test_what_was_sampled_is_exported_whole(replayed: Replayed) -> None:
    """A share of the predictions, each with all of its spans, beside traces of what the engine was asked."""
    stored = replayed.pipeline.stored()
    predictions = set(stored.traces)
    (per_trace,) = stored.spans

    def sampled() -> Counter[str]:
        """Spans of each trace; one that was sent again counts once."""
        spans = {(span.trace_id.hex(), span.span_id) for span in replayed.sink.spans}
        return Counter(trace for trace, _ in spans if trace in predictions)

    def queued() -> float:
        return replayed.pipeline.of_collector("otelcol_exporter_queue_size", exporter="otlp_grpc/tempo")

    until(lambda: queued() == 0 and set(sampled().values()) == {per_trace}, "whole traces", timeout_s=30)
    assert 0.03 * PREDICTIONS < len(sampled()) < 0.3 * PREDICTIONS
