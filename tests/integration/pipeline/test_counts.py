"""A replay through services, collector, RabbitMQ and engine: the same numbers wherever one looks."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.pipeline import SETTLED_S, Pipeline
from tests.support.prometheus import Prometheus
from tests.support.waiting import until

PREDICTIONS = 2000
RATE = 100.0
ONLY_A_SHARE = {"COLLECTOR_DECISION_WAIT": "1s", "COLLECTOR_SLOW_MS": "100000"}
"""Slow ones are kept too, and how many are is up to the machine, as it is with what breaks a contract."""
EXACT = ("made", "sent", "stored")
AT_LEAST_ONCE = ("accepted", "published", "consumed")
EDGES = {("hallmark-web", "hallmark-preprocess"), ("hallmark-preprocess", "hallmark-inference")}

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Replayed:
    """What there is to look at after the replay."""

    pipeline: Pipeline
    prometheus: Prometheus
    sink: OtlpSink
    spans: int
    """That were made, sent and stored."""

    @property
    def repeated(self) -> int:
        """Spans that came again because a service had no answer in time; between sent and stored they count twice."""
        return int(self.pipeline.collected("hallmark_qoa_spans_total", outcome="duplicate"))

    def is_all(self, count: float) -> bool:
        """Whether a figure that is made of spans on their way has every prediction once, and only spans again twice."""
        return PREDICTIONS <= count <= PREDICTIONS + self.repeated

    def until_value(self, promql: str, value: Callable[[], float]) -> None:
        """Wait until Prometheus says so: a scrape that was not in time leaves a gap in what it has."""
        until(lambda: self.prometheus.value(promql) == value(), f"{promql} is right", timeout_s=SETTLED_S)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    folder = tmp_path_factory.mktemp("counts")
    pipeline = Pipeline(folder, collector_environ=ONLY_A_SHARE, contracts_dir=str(folder / "no-contracts"))
    with otlp_sink(pipeline.site.settings.stack_tempo_otlp_port) as sink, pipeline.running():
        with pipeline.load(RATE, PREDICTIONS / RATE) as load:
            assert load.done() == PREDICTIONS
        spans = pipeline.until_nothing_is_lost(PREDICTIONS).span_count
        yield Replayed(pipeline, pipeline.prometheus, sink, spans)


def test_one_complete_record_a_prediction(replayed: Replayed) -> None:
    assert (replayed.pipeline.stored().records, replayed.pipeline.stored().complete) == (PREDICTIONS, PREDICTIONS)
    replayed.until_value('sum(hallmark_qoa_records_total{outcome="stored"})', lambda: PREDICTIONS)


@pytest.mark.parametrize("point", EXACT)
def test_every_span_is_counted_once_at_the_ends(replayed: Replayed, point: str) -> None:
    replayed.until_value(f'hallmark:spans:total{{point="{point}"}}', lambda: replayed.spans)


@pytest.mark.parametrize("point", AT_LEAST_ONCE)
def test_every_span_is_seen_at_every_point_between(replayed: Replayed, point: str) -> None:
    replayed.until_value(f'hallmark:spans:total{{point="{point}"}}', lambda: replayed.spans + replayed.repeated)


def test_one_expression_shows_no_loss_between_any_two_points(replayed: Replayed) -> None:
    promql = 'hallmark:spans:total - ignoring(point) group_left hallmark:spans:total{point="made"}'

    def differences() -> dict[str, float]:
        return {one["metric"]["point"]: float(one["value"][1]) for one in replayed.prometheus.query(promql)}

    def expected() -> dict[str, float]:
        return dict.fromkeys(EXACT, 0.0) | dict.fromkeys(AT_LEAST_ONCE, float(replayed.repeated))

    until(lambda: differences() == expected(), "no point has less than another", timeout_s=SETTLED_S)


def test_rabbitmq_counts_the_same_messages_as_the_collector_and_the_engine(replayed: Replayed) -> None:
    def counts() -> set[float]:
        text = replayed.pipeline.broker.metrics()
        return {
            *(_sum(text, outcome) for outcome in ("received", "routed", "confirmed", "delivered", "acknowledged")),
            replayed.pipeline.of_collector("otelcol_exporter_rabbitmq_confirmed_messages"),
        }

    # Metrics go on flowing through the same queues, so that a look may fall between two of these counters.
    until(lambda: len(counts()) == 1, "all have counted the same messages", timeout_s=SETTLED_S)


def _sum(text: str, outcome: str) -> float:
    return sum(map(float, re.findall(rf"^rabbitmq_global_messages_{outcome}_total\{{.*\}} (\S+)$", text, re.MULTILINE)))


@pytest.mark.parametrize("side", ["server", "client"])
def test_prometheus_counts_every_call(replayed: Replayed, side: str) -> None:
    replayed.until_value(
        f'sum(rpc_{side}_call_duration_seconds_count{{rpc_method=~".*/ModelInfer"}})', lambda: PREDICTIONS
    )


@pytest.mark.parametrize("stage", ["web", "preprocess", "inference"])
def test_prometheus_counts_every_stage(replayed: Replayed, stage: str) -> None:
    promql = f'sum(traces_span_metrics_calls_total{{hallmark_stage="{stage}"}})'
    until(lambda: replayed.is_all(replayed.prometheus.value(promql)), f"all of {stage}", timeout_s=SETTLED_S)


def test_the_edges_of_the_service_graph(replayed: Replayed) -> None:
    def edges() -> dict[tuple[str, str], float]:
        found = replayed.prometheus.query("traces_service_graph_request_total")
        return {(one["metric"]["client"], one["metric"]["server"]): float(one["value"][1]) for one in found}

    def are_all() -> bool:
        found = edges()
        return all(replayed.is_all(found.get(edge, 0.0)) for edge in EDGES)

    until(are_all, "every prediction went both edges", timeout_s=SETTLED_S)


def test_an_exemplar_leads_to_a_record(replayed: Replayed) -> None:
    found = replayed.prometheus.exemplars
    traces = until(lambda: found("rpc_server_call_duration_seconds_bucket"), "there are exemplars", timeout_s=SETTLED_S)
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

    until(lambda: queued() == 0 and set(sampled().values()) == {per_trace}, "whole traces", timeout_s=SETTLED_S)
    assert 0.03 * PREDICTIONS < len(sampled()) < 0.3 * PREDICTIONS
