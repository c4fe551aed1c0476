"""The evidence in a real Tempo, where one is installed: test_counts.py shows everywhere that it is exported."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hallmark_cli.stack.parts.tempo import has_tempo, tempo
from tests.support.parts import RunningPart
from tests.support.pipeline import Pipeline, Stored
from tests.support.waiting import until

KEEP_ALL = {"COLLECTOR_KEEP_PERCENT": "100", "COLLECTOR_DECISION_WAIT": "1s"}
RATE = 20.0
BACK_S = 180.0
"""gRPC tries a peer that was away for long only every two minutes."""

pytestmark = [
    pytest.mark.skipif(not has_tempo(), reason="no `tempo` on PATH; no package of Debian, Go or PyPI has it"),
    pytest.mark.timeout(400),
]


@dataclass(frozen=True)
class WithTempo:
    """A pipeline that sends every trace to Tempo."""

    pipeline: Pipeline
    tempo: RunningPart

    def until_there(self, found: Stored) -> None:
        """Wait until Tempo has every span of every record."""
        (per_trace,) = found.spans
        for trace in found.traces:
            until(lambda: len(self.span_ids(trace)) == per_trace, f"Tempo has {trace}", timeout_s=BACK_S)  # noqa: B023

    def span_ids(self, trace: str) -> set[str]:
        """The spans of a trace that Tempo has."""
        port = self.pipeline.site.settings.stack_tempo_port
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            answer = client.get(f"/api/traces/{trace}")
        if answer.status_code == 404:
            return set()
        batches = answer.raise_for_status().json()["batches"]
        return {span["spanId"] for batch in batches for scope in batch["scopeSpans"] for span in scope["spans"]}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[WithTempo]:
    pipeline = Pipeline(tmp_path, collector_environ=KEEP_ALL)
    with RunningPart(tempo(pipeline.site), pipeline.site.folder("log")) as part, pipeline.running():
        yield WithTempo(pipeline, part)


def test_every_record_and_every_exemplar_leads_to_its_trace(running: WithTempo) -> None:
    pipeline = running.pipeline
    with pipeline.load(RATE, 5) as load:
        made = load.done()
    found = pipeline.until_nothing_is_lost(made)
    running.until_there(found)

    for histogram in ("rpc_server_call_duration_seconds_bucket", "traces_span_metrics_duration_seconds_bucket"):
        exemplars = until(lambda: pipeline.prometheus.exemplars(histogram), f"of {histogram}", timeout_s=30)  # noqa: B023
        assert exemplars <= set(found.traces)
        trace = min(exemplars)
        assert json.loads(pipeline.command("record", trace, "--json"))["trace_id"] == trace
        assert len(running.span_ids(trace)) in found.spans


def test_traces_of_the_time_that_tempo_was_away_are_there_afterwards(running: WithTempo) -> None:
    pipeline = running.pipeline
    with pipeline.load(RATE, 15) as load:
        pipeline.until_more_stored(50)
        running.tempo.stop()
        made = load.done()
    found = pipeline.until_nothing_is_lost(made)
    assert pipeline.of_collector("otelcol_exporter_queue_size", exporter="otlp_grpc/tempo") > 0
    running.tempo.start()
    running.until_there(found)
