"""Dashboard: one request, its trace and how it compares with others."""

from grafana.layout import Page, Row, text
from grafana.panels import FULL, Panels, graph, listing, whole_trace
from grafana.queries import over_time, spans, trace

DURATIONS = "traces_span_metrics_duration_seconds"


def page() -> Page:
    """The dashboard."""
    return Page(
        "request",
        "Hallmark: one request",
        "The trace of one request, its stages, and how long the same steps take as a rule.",
        (
            Row("The request", _request()),
            Row("How long the same takes as a rule", _usual()),
        ),
        (text("trace", "Trace id"), text("prediction", "or prediction id")),
    )


def _request() -> Panels:
    return (
        listing(
            "Stages of the prediction",
            "Found by the prediction id, 'trace id-span id' as web gives it: a trace of the caller's may hold many.",
            spans(
                '{ span.hallmark.prediction = "$prediction" && span.hallmark.stage != nil } | select('
                "span.hallmark.stage, span.hallmark.status, span.hallmark.reason, span.hallmark.model.name,"
                " span.hallmark.consumer, span.hallmark.inference.queue_ms, span.hallmark.inference.compute_ms)"
            ),
            width=FULL,
        ),
        whole_trace(
            "Trace",
            "Every span of the trace with that id. Where it is not there tail sampling did not keep it; its record is.",
            trace("$trace"),
        ),
    )


def _usual() -> Panels:
    return (
        graph(
            "Median",
            "Median duration by service and span.",
            "s",
            over_time(_quantile(0.5), "{{service_name}} {{span_name}}", exemplars=True),
        ),
        graph(
            "95th percentile",
            "The 95th percentile by service and span. A dot is one span, and leads to its trace.",
            "s",
            over_time(_quantile(0.95), "{{service_name}} {{span_name}}", exemplars=True),
        ),
    )


def _quantile(quantile: float) -> str:
    buckets = f"rate({DURATIONS}_bucket[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by (service_name, span_name, le) ({buckets}))"
