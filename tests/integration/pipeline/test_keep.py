"""Sampling in a real collector keeps the traces that a stage has marked, whole, whatever its share of the others."""

from collections import Counter
from pathlib import Path

import pytest

from hallmark_common import attributes
from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.pipeline import SETTLED_S, Pipeline
from tests.support.promises import write_promise
from tests.support.waiting import until

PREDICTIONS = 300
NONE_BUT_MARKED = {"COLLECTOR_DECISION_WAIT": "1s", "COLLECTOR_KEEP_PERCENT": "0", "COLLECTOR_SLOW_MS": "100000"}
SURE = 0.99

pytestmark = pytest.mark.timeout(300)


def test_only_what_is_evidence_is_kept(tmp_path: Path) -> None:
    write_promise(tmp_path / "contracts", "confidence", ">=", SURE, aggregate="p05", model="digits")
    pipeline = Pipeline(tmp_path, collector_environ=NONE_BUT_MARKED, contracts_dir=str(tmp_path / "contracts"))
    with otlp_sink(pipeline.site.settings.stack_tempo_otlp_port) as sink, pipeline.running(prometheus=False):
        with pipeline.load(50, PREDICTIONS / 50) as load:
            made = load.done()
        (per_trace,) = pipeline.until_nothing_is_lost(made).spans

        def is_evidence() -> bool:
            return sink.traces == unsure(sink) == marked(sink) and set(sizes(sink).values()) == {per_trace}

        until(is_evidence, "traces are kept whole, and no others", timeout_s=SETTLED_S)
        assert len(sink.traces) < made


def sizes(sink: OtlpSink) -> Counter[str]:
    """Spans of each trace; one that was sent again counts once."""
    return Counter(trace.hex() for trace, _ in {(span.trace_id, span.span_id) for span in sink.spans})


def marked(sink: OtlpSink) -> set[str]:
    """Traces of which a span says that they are evidence."""
    return {
        span.trace_id.hex()
        for span in sink.spans
        for one in span.attributes
        if one.key == attributes.KEEP and one.value.bool_value
    }


def unsure(sink: OtlpSink) -> set[str]:
    """Traces with an answer less sure than was promised."""
    return {
        span.trace_id.hex()
        for span in sink.spans
        for one in span.attributes
        if one.key == attributes.ANSWER_CONFIDENCES and one.value.array_value.values[0].double_value < SURE
    }
