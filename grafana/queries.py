"""Queries of panels: PromQL over Prometheus, TraceQL over Tempo."""

from grafana_foundation_sdk.builders import prometheus, tempo
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.tempo import MetricsQueryType, SearchTableType

from grafana.sources import PROMETHEUS, TEMPO

Query = prometheus.Dataquery | tempo.TempoQuery


def over_time(expr: str, legend: str, *, exemplars: bool = False) -> prometheus.Dataquery:
    """A value at each step of the time range; ``exemplars`` shows those of the histogram it reads as dots."""
    return _promql(expr).range().legend_format(legend).exemplar(exemplars)


def now(expr: str, legend: str = "") -> prometheus.Dataquery:
    """One value, at the end of the time range."""
    return _promql(expr).instant().legend_format(legend)


def rows(expr: str) -> prometheus.Dataquery:
    """One value a series, as rows of a table."""
    return _promql(expr).instant().format(PromQueryFormat.TABLE)


def spans(query: str, limit: int = 50) -> tempo.TempoQuery:
    """The newest spans that match, with the attributes that the query selects."""
    return _traceql(query).table_type(SearchTableType.SPANS).limit(limit)


def trace(trace_id: str) -> tempo.TempoQuery:
    """One trace by its id."""
    return _traceql(trace_id)


def traces_over_time(query: str) -> tempo.TempoQuery:
    """TraceQL metrics: a figure of the matching spans at each step of the time range."""
    return _traceql(query).metrics_query_type(MetricsQueryType.RANGE)


def service_map() -> tempo.TempoQuery:
    """Who calls whom, from the metrics of the collector's service graph."""
    return tempo.TempoQuery().datasource(TEMPO).query_type("serviceMap")


def _promql(expr: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(PROMETHEUS).expr(expr)


def _traceql(query: str) -> tempo.TempoQuery:
    return tempo.TempoQuery().datasource(TEMPO).query_type("traceql").query(query)
