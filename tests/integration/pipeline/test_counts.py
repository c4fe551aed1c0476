"""A replay through services, collector, RabbitMQ and engine: the same numbers wherever one looks."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hallmark_cli.stack.parts.prometheus import prometheus
from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.parts import RunningPart
from tests.support.pipeline import Pipeline
from tests.support.waiting import until

PREDICTIONS = 2000
RATE = 100.0
EDGES = {("hallmark-web", "hallmark-preprocess"), ("hallmark-preprocess", "hallmark-inference")}

pytestmark = pytest.mark.timeout(300)


class Replayed:
    """What there is to look at after the replay."""

    def __init__(self, pipeline: Pipeline, sink: OtlpSink) -> None:
        self.pipeline = pipeline
        self.sink = sink

    def query(self, promql: str) -> list[dict[str, Any]]:
        """What Prometheus answers."""
        return list(self._get("query", query=promql)["result"])

    def value(self, promql: str) -> float:
        """The one value that Prometheus answers, 0 where it has none."""
        return sum(float(series["value"][1]) for series in self.query(promql))

    def exemplars(self, promql: str) -> set[str]:
        """Trace ids of the exemplars of a query."""
        found = self._get("query_exemplars", query=promql, start="0", end="4102444800")
        return {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]}

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.pipeline.site.settings.stack_prometheus_port}/api/v1/{path}"
        return httpx.get(url, params=parameters, timeout=10).raise_for_status().json()["data"]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    pipeline = Pipeline(tmp_path_factory.mktemp("counts"))
    settings = pipeline.site.settings
    with (
        otlp_sink(settings.stack_tempo_otlp_port) as sink,
        RunningPart(prometheus(pipeline.site, tempo=False), pipeline.site.folder("log")),
        pipeline.running(),
    ):
        with pipeline.load(RATE, PREDICTIONS / RATE) as load:
            assert load.done() == PREDICTIONS
        pipeline.until_nothing_is_lost(PREDICTIONS)
        there = Replayed(pipeline, sink)
        made = pipeline.spans_at_source("made")
        until(lambda: there.value('hallmark:spans:total{point="stored"}') == made, "Prometheus has it", timeout_s=60)
        yield there


def test_one_complete_record_a_prediction(replayed: Replayed) -> None:
    assert (replayed.pipeline.stored().records, replayed.pipeline.stored().complete) == (PREDICTIONS, PREDICTIONS)
    assert replayed.value('sum(hallmark_qoa_records_total{outcome="stored"})') == PREDICTIONS


@pytest.mark.parametrize("point", ["made", "sent", "accepted", "published", "consumed", "stored"])
def test_every_span_is_seen_at_every_point(replayed: Replayed, point: str) -> None:
    assert replayed.value(f'hallmark:spans:total{{point="{point}"}}') == replayed.pipeline.stored().span_count


def test_one_expression_shows_no_loss_between_any_two_points(replayed: Replayed) -> None:
    differences = replayed.query('hallmark:spans:total - ignoring(point) group_left hallmark:spans:total{point="made"}')
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
    assert replayed.value(promql) == PREDICTIONS


def test_the_edges_of_the_service_graph(replayed: Replayed) -> None:
    found = replayed.query("traces_service_graph_request_total")
    edges = {(one["metric"]["client"], one["metric"]["server"]): float(one["value"][1]) for one in found}
    assert edges.keys() >= EDGES
    assert {edges[edge] for edge in EDGES} == {PREDICTIONS}


def test_an_exemplar_leads_to_a_record(replayed: Replayed) -> None:
    traces = replayed.exemplars("rpc_server_call_duration_seconds_bucket")
    assert traces
    for trace in sorted(traces)[:5]:
        answer = replayed.pipeline.command("record", trace, "--json")
        assert json.loads(answer)["trace_id"] == trace


def test_what_was_sampled_is_exported_whole(replayed: Replayed) -> None:
    """A share of the traces, each with all of its spans."""
    settled = replayed.pipeline.of_collector
    until(lambda: settled("otelcol_exporter_queue_size", exporter="otlp_grpc/tempo") == 0, "all sent", timeout_s=30)
    (per_trace,) = replayed.pipeline.stored().spans
    until(lambda: len(replayed.sink.spans) == per_trace * len(replayed.sink.traces), "whole traces", timeout_s=30)
    assert 0.03 * PREDICTIONS < len(replayed.sink.traces) < 0.3 * PREDICTIONS
