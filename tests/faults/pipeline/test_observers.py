"""Those who only look are away: Tempo and Prometheus. Predictions and records do not depend on them."""

from contextlib import ExitStack

import pytest

from tests.faults.pipeline.conftest import MakePipeline
from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.pipeline import SETTLED_S, Pipeline
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

RATE = 40.0
BACK_S = 180.0
"""gRPC tries a peer that was away for long only every two minutes."""
KEEP_ALL = {"COLLECTOR_KEEP_PERCENT": "100", "COLLECTOR_DECISION_WAIT": "1s"}


def test_no_tempo(pipeline: Pipeline) -> None:
    with pipeline.running():
        with pipeline.load(RATE, 10) as load:
            made = load.done()
        pipeline.until_alert("TempoExportFailing")
        pipeline.until_nothing_is_lost(made)


def test_tempo_that_is_away_under_load(make_pipeline: MakePipeline) -> None:
    """What was sampled meanwhile waits on the collector's disk, even where that is killed, and comes whole."""
    pipeline = make_pipeline(collector_environ=KEEP_ALL)
    port = pipeline.site.settings.stack_tempo_otlp_port
    tempo = ExitStack()
    before = tempo.enter_context(otlp_sink(port))
    with tempo, pipeline.running(), pipeline.load(RATE) as load:
        until(lambda: len(before.traces) > RATE, "traces come", timeout_s=SETTLED_S)
        tempo.close()
        until(lambda: _waiting(pipeline) > 0, "the collector keeps what it cannot send", timeout_s=SETTLED_S)
        made = load.done()
        # What is not decided on yet is in memory alone, and would go with it.
        until(lambda: _decided(pipeline) == made, "all traces are decided on", timeout_s=SETTLED_S)
        pipeline.collector.kill()
        pipeline.collector.start()
        with otlp_sink(port) as after:
            found = pipeline.until_nothing_is_lost(made)
            until(lambda: len(_span_ids(before, after)) == found.span_count, "every span came", timeout_s=BACK_S)
        assert before.traces | after.traces == set(found.traces)


def _waiting(pipeline: Pipeline) -> float:
    return pipeline.of_collector("otelcol_exporter_queue_size", exporter="otlp_grpc/tempo")


def _decided(pipeline: Pipeline) -> float:
    return pipeline.of_collector("otelcol_processor_tail_sampling_global_count_traces_sampled")


def _span_ids(*sinks: OtlpSink) -> set[tuple[bytes, bytes]]:
    return {(span.trace_id, span.span_id) for sink in sinks for span in sink.spans}


def test_prometheus_that_is_killed_under_load(pipeline: Pipeline) -> None:
    """It misses what happens while it is away; totals are right again with the next scrape."""
    with pipeline.running(), pipeline.load(RATE) as load:
        pipeline.until_more_stored(50)
        pipeline.prometheus.kill()
        pipeline.until_more_stored(200)
        pipeline.prometheus.start()
        found = pipeline.until_nothing_is_lost(load.done())
        pipeline.until_counted("stored", found.span_count)
        pipeline.until_counted("made", found.span_count)
