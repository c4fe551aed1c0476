"""RabbitMQ is not there, goes away, dies, fills up, loses a queue: predictions go on, and no span is lost."""

import time

import pytest

from tests.support.pipeline import SETTLED_S, Pipeline
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

RATE = 40.0
"""Predictions a second; each makes a dozen spans."""


def test_broker_that_comes_after_everything_else(pipeline: Pipeline) -> None:
    with pipeline.running(broker=False):
        with pipeline.load(RATE, 5) as load:
            made = load.done()
        assert pipeline.stored().records == 0
        pipeline.until_alert("BrokerDown")
        pipeline.until_alert("BrokerUnreachable")
        pipeline.broker.start()
        pipeline.until_nothing_is_lost(made)


def test_broker_that_is_away_for_a_minute_under_load(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE) as load:
        until(lambda: pipeline.stored().complete >= RATE, "records come", timeout_s=SETTLED_S)
        pipeline.broker.stop()
        until(
            lambda: pipeline.queued_in_collector() > 0, "the collector keeps what it cannot send", timeout_s=SETTLED_S
        )
        pipeline.until_alert("BrokerDown")
        time.sleep(60)  # the minute itself is the fault
        pipeline.broker.start()
        pipeline.until_nothing_is_lost(load.done())


def test_broker_that_is_killed_while_it_is_published_to(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(2 * RATE) as load:
        for _ in range(3):
            pipeline.until_confirmed(500)
            pipeline.broker.kill()
            pipeline.until_alert("BrokerDown")
            pipeline.broker.start()
        pipeline.until_nothing_is_lost(load.done())


def test_broker_whose_disk_is_full(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE) as load:
        until(lambda: pipeline.stored().complete >= RATE, "records come", timeout_s=SETTLED_S)
        pipeline.broker.set_disk_limit("1000000GB")
        until(
            lambda: pipeline.of_collector("otelcol_exporter_rabbitmq_blocked") > 0,
            "publishing is blocked",
            timeout_s=SETTLED_S,
        )
        until(
            lambda: pipeline.queued_in_collector() > 0, "the collector keeps what it cannot send", timeout_s=SETTLED_S
        )
        pipeline.until_alert("BrokerAlarm")
        pipeline.broker.set_disk_limit("1GB")
        pipeline.until_nothing_is_lost(load.done())


def test_queue_that_is_deleted(pipeline: Pipeline) -> None:
    """What was in it is lost, and the metrics say how much; what comes later takes the way of the unrouted."""
    with pipeline.running(engine=False):
        with pipeline.load(RATE, 5) as load:
            made = load.done()
        pipeline.until_published(made)
        pipeline.broker.api("/queues/hallmark/spans.07", "DELETE")
        pipeline.engine.start()
        began_s = time.monotonic()
        pipeline.until_drained()
        took_s = time.monotonic() - began_s
        found = pipeline.stored()
        assert found.records == found.complete
        assert 0 < found.records < made
        missing = (made - found.records) * max(found.spans)
        assert pipeline.spans_at_source("sent") - found.span_count == missing

        pipeline.until_missing(missing)
        pipeline.until_alert("SpansMissing")

        with pipeline.load(RATE, 5) as load:
            more = load.done()
        later = pipeline.until_stored(found.records + more)
        pipeline.until_alert("UnroutedMessages")
        assert pipeline.collected("hallmark_qoa_amqp_messages_total", outcome="unrouted") > 0
        pipeline.until_missing(missing)
        pipeline.measure(made + more, later, took_s)


def test_queues_that_are_full(pipeline: Pipeline) -> None:
    """The broker refuses what has no room, the collector keeps it, and the engine gets all of it in the end."""
    with pipeline.running(engine=False):
        pipeline.broker.limit_queues(20_000)
        with pipeline.load(2 * RATE, 15) as load:
            made = load.done()
        pipeline.until_alert("BrokerRefusesMessages")
        assert pipeline.queued_in_collector() > 0
        pipeline.engine.start()
        pipeline.until_nothing_is_lost(made)
