"""Every query of every dashboard returns data, from the Prometheus and the Tempo of a stack that answers requests."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.stack.parts.tempo import has_tempo
from tests.integration.grafana.dashboards import PanelQuery, panel_queries, queries_of_a_trace
from tests.support.full_stack import FullStack, running_full_stack
from tests.support.predictions import objective, write_contract
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)
"""For the first test: a stack of its own starts, answers and reports."""

ONLY_UNDER_FAULT = {
    "Alerts that fire": "nothing is wrong",
    "Spans given up": "every span arrives",
    "Messages that did not arrive at once": "every message arrives at the first try",
    "Statuses other than OK": "no call between services fails",
    "Share that fails": "no call fails by our fault",
    "Those that failed": "no call fails by our fault",
}
"""Panels that are empty as long as nothing is wrong, and why."""

SERVICE_MAP = (
    "traces_service_graph_request_total",
    "traces_service_graph_request_server_seconds_sum",
    "traces_service_graph_request_server_seconds_bucket",
)
"""What Grafana's service map reads, by its own names."""

SETTLED_S = 120.0
"""For metrics two reports of the services 10 s apart, as rates need; for Tempo the 30 s that its search leaves out."""

BAD_REQUESTS = 40
"""Each time: the collector keeps a tenth of the traces of requests that are the caller's fault."""

PROMQL = [pytest.param(query, id=str(query)) for query in panel_queries("prometheus")]
TRACEQL = [pytest.param(query, id=str(query)) for query in panel_queries("tempo") if query.query]


@pytest.fixture(scope="module")
def promising_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullStack]:
    """A full stack with a contract that holds, one that cannot, and one about labels."""
    folder = tmp_path_factory.mktemp("contracts")
    _promise(folder)
    with running_full_stack(contracts_dir=str(folder)) as running:
        yield running


def _promise(folder: Path) -> None:
    budget = {"target": 0.5, "period": "1h", "burn_rate": 2, "over": "10m"}
    answered = objective("answered", "response_time", "<=", 60, aggregate="p95", budget=budget)
    at_once = objective("at-once", "response_time", "<=", 0.001, aggregate="p95", severity="critical")
    write_contract(folder, [answered], name="kept", model={"name": "digits"}, completeness=0)
    write_contract(folder, [at_once], name="broken", model={"name": "digits"}, completeness=0)
    labels = objective("labels", "label_coverage", ">=", 0.01)
    write_contract(folder, [labels], name="told", model={"name": "flights"}, completeness=0)


@pytest.fixture(scope="module")
def used_stack(promising_stack: FullStack) -> FullStack:
    """A full stack that has answered good and bad requests, over gRPC and HTTP, for longer than a report takes."""
    stack = promising_stack
    for _ in range(3):
        stack.run("replay", "digits", "--rate", "10", "--duration", "5", "--consumer", "alice")
        for _ in range(BAD_REQUESTS):
            _ask_for_nothing(stack)
        stack.run("replay", "flights", "--rate", "10", "--duration", "5", "--consumer", "bob", "--feedback")
    return stack


def _ask_for_nothing(stack: FullStack) -> None:
    """A request over HTTP that is refused."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{stack.web_url}/v1/models/digits:predict", b"{}", headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
    assert refused.value.code == 400


@pytest.mark.parametrize("query", PROMQL)
def test_promql(used_stack: FullStack, query: PanelQuery) -> None:
    if "tempo_" in query.query and not has_tempo():
        pytest.skip("tempo is not on PATH")
    if query.panel in ONLY_UNDER_FAULT:
        used_stack.query(query.filled_in())
    else:
        until(lambda: _values(used_stack, query), "Prometheus has data", timeout_s=SETTLED_S)


@pytest.mark.parametrize("service", ["web", "preprocess", "inference"])
@pytest.mark.parametrize("name", queries_of_a_trace(""))
def test_from_a_trace_to_metrics(used_stack: FullStack, name: str, service: str) -> None:
    promql = queries_of_a_trace(f'service_name="hallmark-{service}"')[name]
    if name in ONLY_UNDER_FAULT:
        used_stack.query(promql)
    else:
        until(lambda: used_stack.query(promql), "Prometheus has data", timeout_s=SETTLED_S)


@pytest.mark.parametrize("metric", SERVICE_MAP)
def test_the_service_map(used_stack: FullStack, metric: str) -> None:
    def edges() -> set[tuple[str, str]]:
        found = used_stack.query(f"sum by (client, server) ({metric})")
        return {(one.labels["client"], one.labels["server"]) for one in found}

    wanted = {("hallmark-web", "hallmark-preprocess"), ("hallmark-preprocess", "hallmark-inference")}
    until(lambda: wanted <= edges(), "both edges are there", timeout_s=SETTLED_S)


def _values(stack: FullStack, query: PanelQuery) -> list[float]:
    """The values that are numbers: a quantile of nothing is none."""
    return [sample.value for sample in stack.query(query.filled_in()) if not isnan(sample.value)]


def test_a_contract_that_is_violated_and_one_that_holds(used_stack: FullStack) -> None:
    def worst() -> dict[str, float]:
        return {one.labels["contract"]: one.value for one in used_stack.query("hallmark:verdict:worst")}

    judged = until(lambda: (found := worst()).keys() >= {"kept", "broken"} and found, "both", timeout_s=SETTLED_S)

    assert judged
    assert (judged["kept"], judged["broken"]) == (0, 2)
    alerts = 'ALERTS{alertname="ContractViolated", alertstate="firing"}'
    until(lambda: used_stack.query(alerts), "the alert fires", timeout_s=SETTLED_S)
    assert {(one.labels["contract"], one.labels["severity"]) for one in used_stack.query(alerts)} == {
        ("broken", "critical")
    }


@pytest.mark.parametrize("query", [case for case in PROMQL if case.values[0].exemplars])
def test_exemplars_name_traces(used_stack: FullStack, query: PanelQuery) -> None:
    def exemplars() -> list[dict[str, str]]:
        now = time.time()
        ask = {"query": query.filled_in(), "start": now - 600, "end": now}
        found = _get(f"{used_stack.prometheus_url}/api/v1/query_exemplars", **ask)["data"]
        return [exemplar["labels"] for series in found for exemplar in series["exemplars"]]

    labels = until(exemplars, "Prometheus has exemplars", timeout_s=SETTLED_S)

    assert all(len(bytes.fromhex(found["trace_id"])) == 16 for found in labels)


needs_tempo = pytest.mark.skipif(not has_tempo(), reason="tempo is not on PATH")


@needs_tempo
@pytest.mark.parametrize("query", TRACEQL)
def test_traceql(used_stack: FullStack, query: PanelQuery) -> None:
    url = f"http://127.0.0.1:{used_stack.settings.stack_tempo_port}"
    root = until(lambda: _a_trace(url), "Tempo has a trace of web", timeout_s=SETTLED_S)

    def found() -> Any:
        filled = query.filled_in(trace=root["traceID"], prediction=_prediction(root))
        return _tempo(url, filled)

    until(found, "Tempo has data", timeout_s=SETTLED_S)


def _a_trace(url: str) -> dict[str, Any] | None:
    """The newest trace of a prediction that entered at web."""
    found = _search(url, '{ span.hallmark.stage = "web" } | select(span.hallmark.prediction)')
    return found[0] if found else None


def _prediction(trace: dict[str, Any]) -> str:
    (value,) = (
        attribute["value"]["stringValue"]
        for attribute in trace["spanSet"]["spans"][0]["attributes"]
        if attribute["key"] == "hallmark.prediction"
    )
    return str(value)


def _tempo(url: str, query: str) -> Any:
    """What Tempo answers, in the way that Grafana asks for this form of query."""
    if not query.startswith("{"):
        return _get(f"{url}/api/v2/traces/{query}")["trace"]["resourceSpans"]
    if "_over_time(" in query or "rate()" in query:
        now = int(time.time())
        series = _get(f"{url}/api/metrics/query_range", q=query, start=now - 900, end=now, step="15s").get("series", ())
        return [point for one in series for point in one["samples"]]
    return _search(url, query)


def _search(url: str, query: str) -> list[dict[str, Any]]:
    now = int(time.time())
    return list(_get(f"{url}/api/search", q=query, start=now - 900, end=now, limit=20)["traces"])


def _get(url: str, **parameters: object) -> Any:
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)
