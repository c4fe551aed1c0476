"""Dashboard: the way of telemetry itself, in the order of the flow, from what services make to what is stored."""

from itertools import pairwise

from grafana import pipeline_parts
from grafana.layout import Page, Row
from grafana.panels import Panels, graph, listing, number
from grafana.queries import now, over_time, rows

POINTS = ("made", "sent", "accepted", "published", "consumed", "stored")


def page() -> Page:
    """The dashboard."""
    return Page(
        "pipeline",
        "Hallmark: the telemetry pipeline",
        "Where spans are, where they stay, and what is lost: services, collector, RabbitMQ, engine, store, Tempo.",
        (
            Row("Loss", _loss()),
            Row("Alerts", _alerts()),
            Row("Services", _services()),
            Row("Collector", pipeline_parts.collector()),
            Row("RabbitMQ", pipeline_parts.broker()),
            Row("Engine and store", pipeline_parts.engine()),
            Row("Tempo and the machine", pipeline_parts.others()),
        ),
    )


def _loss() -> Panels:
    between = [
        number(
            f"{before} but not {after}",
            "Spans since the processes started; those of the last seconds are on their way. Below 0: sent again, and "
            "counted again there."
            if after != "sent"
            else "Spans since the processes started: dropped by the services, or about to be sent.",
            "short",
            now(f'hallmark:spans:total{{point="{before}"}} - ignoring(point) hallmark:spans:total{{point="{after}"}}'),
        )
        for before, after in pairwise(POINTS)
    ]
    return (
        number(
            "sent but not stored",
            "Share of the spans within 30 minutes, exact across restarts. Red for long: they are late, or lost.",
            "percentunit",
            now(
                '1 - hallmark:spans:increase30m{point="stored"}'
                ' / ignoring(point) (hallmark:spans:increase30m{point="sent"} > 0)'
            ),
            red_from=0.01,
        ),
        *between,
        graph(
            "Spans a second at each point",
            "Lines that part mean that spans pile up, or are lost, between these points.",
            "cps",
            over_time("hallmark:spans:rate5m", "{{point}}"),
        ),
        graph(
            "Spans until now at each point",
            "Since the processes started; those that ended within the hour included.",
            "short",
            over_time("hallmark:spans:total", "{{point}}"),
        ),
    )


def _alerts() -> Panels:
    return (
        listing(
            "Alerts that fire",
            "By severity and part; what each means and what to do is in the runbook.",
            rows('count by (severity, component, alertname) (ALERTS{alertstate="firing"})'),
        ),
        listing("Targets", "1: Prometheus reaches it, 0: it does not.", rows("up")),
    )


def _services() -> Panels:
    spans = "hallmark_telemetry_spans_total"
    return (
        graph(
            "Spans made",
            "Spans a second by service.",
            "cps",
            over_time(f'sum by (job) (rate({spans}{{outcome="made"}}[$__rate_interval]))', "{{job}}"),
        ),
        graph(
            "Spans dropped or waiting",
            "Spans by service that were made and not sent; up to HALLMARK_SPAN_QUEUE_SIZE of them may wait.",
            "short",
            over_time(
                f'sum by (job) ({spans}{{outcome="made"}}) - sum by (job) ({spans}{{outcome="sent"}})',
                "{{job}}",
            ),
        ),
    )
