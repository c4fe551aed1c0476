"""The evidence in a real Tempo, where one is installed: test_counts.py shows everywhere that it is exported."""

from pathlib import Path

import httpx
import pytest

from hallmark_cli.stack.parts.tempo import has_tempo, tempo
from tests.support.parts import RunningPart
from tests.support.pipeline import Pipeline
from tests.support.waiting import until

KEEP_ALL = {"COLLECTOR_KEEP_PERCENT": "100", "COLLECTOR_DECISION_WAIT": "1s"}

pytestmark = pytest.mark.skipif(not has_tempo(), reason="no `tempo` on PATH; no package of Debian, Go or PyPI has it")


def test_every_record_leads_to_its_trace(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, collector_environ=KEEP_ALL)
    with RunningPart(tempo(pipeline.site), pipeline.site.folder("log")), pipeline.running():
        with pipeline.load(20, 5) as load:
            made = load.done()
        found = pipeline.until_nothing_is_lost(made)
        (per_trace,) = found.spans
        port = pipeline.site.settings.stack_tempo_port
        for trace in found.traces:
            until(lambda: len(span_ids(port, trace)) == per_trace, f"Tempo has {trace}", timeout_s=60)  # noqa: B023


def span_ids(port: int, trace: str) -> set[str]:
    """The spans of a trace that Tempo has."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        answer = client.get(f"/api/traces/{trace}")
    if answer.status_code == 404:
        return set()
    batches = answer.raise_for_status().json()["batches"]
    return {span["spanId"] for batch in batches for scope in batch["scopeSpans"] for span in scope["spans"]}
