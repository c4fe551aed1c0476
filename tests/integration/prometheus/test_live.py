"""On a full stack that answers requests: every metric that rules read is there, nothing is lost, nothing alerts."""

import json
import urllib.error
import urllib.request
from uuid import UUID

import pytest

from tests.integration.prometheus.rule_files import metrics_of, rules
from tests.support.full_stack import FullStack
from tests.support.waiting import until

ONLY_UNDER_FAULT = {
    "otelcol_exporter_send_failed_spans": "appears when an exporter gives spans up",
    "otelcol_exporter_enqueue_failed_spans": "appears when the queue of an exporter is full",
    "otelcol_exporter_rabbitmq_nacked_messages": "appears when RabbitMQ refuses a message",
    "hallmark:request_errors:rate5m": "has series once a request fails by our fault",
    "hallmark_qoa_truths_total": "has series once a truth is told",
    "hallmark_qoa_events_total": "has series once a verdict changes",
}
"""Metrics without series as long as nothing is wrong, and why."""

SETTLED_S = 90.0
"""A report of the services, a scrape and an evaluation, each every 10 s, with room for a busy machine."""

READ = sorted({name for rule in rules() for name in metrics_of(rule.expr)} - set(ONLY_UNDER_FAULT))


@pytest.fixture(scope="module")
def used_stack(full_stack: FullStack) -> FullStack:
    """A full stack that has answered requests over gRPC and HTTP, and reported it."""
    for model in ("digits", "flights"):
        full_stack.run("replay", model, "--count", "40", "--rate", "40")
    _ask(full_stack, "digits", "someone")
    until(lambda: _count(full_stack, "stored") >= _count(full_stack, "made") > 0, "all is stored", timeout_s=SETTLED_S)
    return full_stack


def _ask(stack: FullStack, model: str, consumer: str) -> None:
    """A request over HTTP that is refused, as it should be."""
    headers = {"content-type": "application/json", "hallmark-consumer": consumer}
    request = urllib.request.Request(f"{stack.web_url}/v1/models/{model}:predict", b'{"instances": [{}]}', headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()


def _count(stack: FullStack, point: str) -> float:
    return sum(sample.value for sample in stack.query(f'hallmark:spans:total{{point="{point}"}}'))


@pytest.mark.parametrize("metric", READ)
def test_a_metric_that_rules_read_is_there(used_stack: FullStack, metric: str) -> None:
    until(lambda: used_stack.query(metric), f"Prometheus has {metric}", timeout_s=SETTLED_S)


def test_what_appears_only_under_fault_is_read_by_a_rule() -> None:
    assert set(ONLY_UNDER_FAULT) <= {name for rule in rules() for name in metrics_of(rule.expr)}


def test_one_expression_tells_that_nothing_is_lost(used_stack: FullStack) -> None:
    def settled() -> bool:
        made, sent, stored = (_count(used_stack, point) for point in ("made", "sent", "stored"))
        # What a busy machine makes services send again is counted again there.
        between = (_count(used_stack, point) for point in ("accepted", "published", "consumed"))
        return made == sent == stored and min(between) >= made

    until(settled, "all points have seen all spans", timeout_s=SETTLED_S)
    expr = 'hallmark:spans:total{point="sent"} - ignoring(point) hallmark:spans:total{point="stored"}'
    assert [sample.value for sample in used_stack.query(expr)] == [0]


def test_every_rule_can_be_evaluated(used_stack: FullStack) -> None:
    assert sum(sample.value for sample in used_stack.query("prometheus_rule_evaluation_failures_total")) == 0


def test_a_healthy_stack_raises_no_alert(used_stack: FullStack) -> None:
    # How soon it answers is a matter of the machine, and of the contracts that promise it.
    assert used_stack.query('ALERTS{alertstate="firing", component!="contract"}') == []


def test_every_start_of_a_process_has_series_of_its_own(used_stack: FullStack) -> None:
    """On which the exact increases in rules/spans.yml rest."""
    for metric, label in (
        ("hallmark_telemetry_spans_total", "instance"),
        ("hallmark_qoa_spans_total", "instance"),
        ("otelcol_receiver_accepted_spans", "service_instance_id"),
        ("otelcol_exporter_rabbitmq_confirmed_items", "service_instance_id"),
    ):
        found = {sample.labels.get(label, "") for sample in used_stack.query(metric)}
        assert found, metric
        assert all(UUID(value) for value in found), metric


def test_labels_of_a_scope_and_of_single_connections_are_not_kept(used_stack: FullStack) -> None:
    assert used_stack.query('{otel_scope_name!=""}') == []
    assert used_stack.query('{job="rabbitmq", channel!=""}') == []
    assert used_stack.query('{job="rabbitmq", connection!=""}') == []


def test_no_label_holds_what_a_caller_made_up(used_stack: FullStack) -> None:
    _ask(used_stack, "made-up-model", "made-up-consumer")
    routes = 'http_server_request_duration_seconds_count{http_response_status_code="404"}'
    until(lambda: used_stack.query(routes), "the request is counted", timeout_s=SETTLED_S)
    stages = 'traces_span_metrics_calls_total{hallmark_status="NOT_FOUND"}'
    until(lambda: used_stack.query(stages), "and its spans", timeout_s=SETTLED_S)

    for label in _labels(used_stack):
        assert used_stack.query(f'{{{label}=~".*made-up.*"}}') == [], label


def _labels(stack: FullStack) -> list[str]:
    with urllib.request.urlopen(f"{stack.prometheus_url}/api/v1/labels", timeout=10) as answer:
        return list(json.load(answer)["data"])
