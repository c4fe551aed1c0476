"""Dashboard: rate, errors and duration of every service and method."""

from grafana.layout import Page, Row, values_of
from grafana.panels import HALF, THIRD, Panels, graph, map_of_calls, number
from grafana.queries import Query, now, over_time, service_map

GRPC = "rpc_server_call_duration_seconds"
CLIENT = "rpc_client_call_duration_seconds"
HTTP = "http_server_request_duration_seconds"
SPANS = "traces_span_metrics_duration_seconds"

SERVICES = 'job=~"$service"'
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def page() -> Page:
    """The dashboard."""
    return Page(
        "services",
        "Hallmark: services",
        "Rate, errors and duration by service and method. A dot in a graph of durations leads to a trace.",
        (
            Row("Now", _now()),
            Row("gRPC, as served", _grpc()),
            Row("HTTP, as served by web", _http()),
            Row("Between and inside the services", _inside()),
        ),
        (values_of("service", "Service", "label_values(hallmark_telemetry_spans_total, job)"),),
    )


def _now() -> Panels:
    return (
        number(
            "Requests now",
            "Requests a second that web serves, over gRPC and HTTP, within 5 minutes.",
            "reqps",
            now('sum(hallmark:requests:rate5m{job="hallmark/hallmark-web"})'),
        ),
        number(
            "Failing",
            "Share of web's requests that fail by our fault, within 5 minutes.",
            "percentunit",
            now(
                '(sum(hallmark:request_errors:rate5m{job="hallmark/hallmark-web"}) or vector(0))'
                ' / sum(hallmark:requests:rate5m{job="hallmark/hallmark-web"})'
            ),
            red_from=0.05,
        ),
        number(
            "Slowest",
            "The 99th percentile of the slowest method of web, within 5 minutes.",
            "s",
            now('max(hallmark:request_duration_seconds:p99_5m{job="hallmark/hallmark-web"})'),
            red_from=1,
        ),
        number(
            "Processes",
            "Processes that report, by service. The collector forgets one 5 minutes after its last report.",
            "none",
            now(f'count by (job) (hallmark_telemetry_spans_total{{{SERVICES}, outcome="made"}})', "{{job}}"),
            width=HALF,
        ),
    )


def _grpc() -> Panels:
    return (
        graph(
            "Calls",
            "Calls a second by service and method.",
            "reqps",
            over_time(_rate(GRPC, "job, rpc_method"), "{{job}} {{rpc_method}}"),
            width=THIRD,
        ),
        graph(
            "Statuses other than OK",
            "Calls a second that did not end well, by gRPC status; those of callers included.",
            "reqps",
            over_time(
                _rate(GRPC, "job, rpc_method, rpc_response_status_code", 'rpc_response_status_code!="OK"'),
                "{{job}} {{rpc_method}} {{rpc_response_status_code}}",
            ),
            width=THIRD,
        ),
        graph(
            "Share that fails",
            "Calls that failed by our fault, divided by all.",
            "percentunit",
            over_time(
                _rate(GRPC, "job, rpc_method", 'error_type!=""') + " / " + _rate(GRPC, "job, rpc_method"),
                "{{job}} {{rpc_method}}",
            ),
            width=THIRD,
        ),
        graph(
            "Duration at the 95th percentile",
            "By service and method. A dot is one call.",
            "s",
            over_time(_quantile(GRPC, 0.95, "job, rpc_method"), "{{job}} {{rpc_method}}", exemplars=True),
        ),
        graph(
            "Duration of the chosen services",
            "Percentiles over all methods of the chosen services.",
            "s",
            *_quantiles(GRPC),
        ),
    )


def _http() -> Panels:
    by = "http_request_method, http_route, http_response_status_code"
    return (
        graph(
            "Requests by route",
            "Requests a second by route and status.",
            "reqps",
            over_time(_rate(HTTP, by), "{{http_request_method}} {{http_route}} {{http_response_status_code}}"),
        ),
        graph("Duration of requests", "Percentiles over all routes. A dot is one request.", "s", *_quantiles(HTTP)),
    )


def _inside() -> Panels:
    return (
        map_of_calls("Who calls whom", "Services and their calls, with rate, errors and duration.", service_map()),
        graph(
            "Calls to others at the 95th percentile",
            "As the caller sees them: what it adds to what the one that is called says is the way between them.",
            "s",
            over_time(_quantile(CLIENT, 0.95, "job, rpc_method"), "{{job}} to {{rpc_method}}", exemplars=True),
        ),
        graph(
            "Steps of a stage at the 95th percentile",
            "Decode, validate, transform and answer in preprocess; queue, batch and compute in inference.",
            "s",
            over_time(
                f"histogram_quantile(0.95, sum by (service_name, span_name, le) "
                f'(rate({SPANS}_bucket{{span_kind="SPAN_KIND_INTERNAL"}}[$__rate_interval])))',
                "{{service_name}} {{span_name}}",
                exemplars=True,
            ),
        ),
    )


def _rate(metric: str, by: str, *matchers: str) -> str:
    return f"sum by ({by}) (rate({metric}_count{{{', '.join((SERVICES, *matchers))}}}[$__rate_interval]))"


def _quantile(metric: str, quantile: float, by: str = "") -> str:
    labels = f"{by}, le" if by else "le"
    buckets = f"rate({metric}_bucket{{{SERVICES}}}[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by ({labels}) ({buckets}))"


def _quantiles(metric: str) -> list[Query]:
    return [over_time(_quantile(metric, value), name, exemplars=name == "p99") for name, value in QUANTILES.items()]
