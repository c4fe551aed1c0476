"""What our collector keeps for Tempo: traces that failed, were slow or are marked, and a share of the others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from hallmark_cli.stack.parts.collector import collector
from hallmark_common import attributes
from tests.support.otlp_sink import OtlpSink, otlp_sink
from tests.support.parts import RunningPart, new_site
from tests.support.waiting import until

SLOW_MS = 500
SPANS = 3
"""Of each trace, of which one is special."""

Traces = dict[str, list[Span]]
Sampled = Callable[[Traces, int], OtlpSink]


@pytest.fixture
def sampled(tmp_path: Path) -> Iterator[Sampled]:
    """Sends traces through a collector that keeps a share of the ordinary ones, in percent."""
    site = new_site(tmp_path / "site")
    part = collector(site, tempo=True)
    running: list[RunningPart] = []

    with otlp_sink(site.settings.stack_tempo_otlp_port) as sink:

        def send(traces: Traces, percent: int) -> OtlpSink:
            environ = {**part.environ, "COLLECTOR_KEEP_PERCENT": str(percent), "COLLECTOR_DECISION_WAIT": "1s"}
            running.append(RunningPart(replace(part, environ=environ), site.folder("log")))
            running[-1].start()
            _post(site.settings.otlp_http_port, [span for spans in traces.values() for span in spans])
            return sink

        yield send
        for one in running:
            one.end()


def _post(port: int, spans: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    headers = {"content-type": "application/x-protobuf"}
    url = f"http://127.0.0.1:{port}/v1/traces"
    httpx.post(url, content=request.SerializeToString(), headers=headers, timeout=10).raise_for_status()


def _trace(number: int, duration_ms: float = 10) -> list[Span]:
    """An ordinary one."""
    start_ns = 1_790_000_000_000_000_000
    return [
        Span(
            trace_id=number.to_bytes(16, "big"),
            span_id=(index + 1).to_bytes(8, "big"),
            parent_span_id=index.to_bytes(8, "big") if index else b"",
            name="a",
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + int(duration_ms * 1e6),
        )
        for index in range(SPANS)
    ]


def _failed() -> list[Span]:
    spans = _trace(1)
    spans[1].status.code = Status.STATUS_CODE_ERROR
    return spans


def _marked(value: bool, number: int) -> list[Span]:
    spans = _trace(number)
    spans[-1].attributes.add(key=attributes.KEEP).value.bool_value = value
    return spans


def _ids(sink: OtlpSink) -> set[tuple[bytes, bytes]]:
    """The spans that came: what is sent again is the same."""
    return {(span.trace_id, span.span_id) for span in sink.spans}


def test_what_failed_was_slow_or_is_marked_is_kept_whole_and_nothing_else(sampled: Sampled) -> None:
    kept = {"failed": _failed(), "slow": _trace(2, SLOW_MS + 1), "marked": _marked(True, 3)}
    others = {"ordinary": _trace(4), "nearly slow": _trace(5, SLOW_MS - 1), "marked as not": _marked(False, 6)}
    sink = sampled(kept | others, 0)
    wanted = {(span.trace_id, span.span_id) for spans in kept.values() for span in spans}
    until(lambda: len(_ids(sink)) >= len(wanted), "they are exported", timeout_s=30)
    assert _ids(sink) == wanted


@pytest.mark.parametrize("percent", [10, 50])
def test_a_share_of_the_others_is_kept(sampled: Sampled, percent: int) -> None:
    total = 2000
    # Numbers far apart: the share goes by a hash of the trace id.
    sink = sampled({str(number): _trace(number << 64 | number * 7919) for number in range(1, total + 1)}, percent)
    share = percent / 100
    until(lambda: len(sink.traces) > 0.7 * share * total, "a share is exported", timeout_s=30)
    until(lambda: len(_ids(sink)) == SPANS * len(sink.traces), "whole traces", timeout_s=30)
    assert len(sink.traces) < 1.3 * share * total
