"""Collector and engine are killed or hang at the worst moment: no span is lost, no record is stored twice."""

import time
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

RATE = 40.0
"""Predictions a second; each makes a dozen spans."""


def test_collector_that_is_killed_with_a_full_queue(pipeline: Pipeline) -> None:
    with pipeline.running(broker=False):
        with pipeline.load(RATE, 10) as load:
            made = load.done()
        until(lambda: pipeline.spans_at_source("sent") == pipeline.spans_at_source("made"), "all is sent", timeout_s=30)
        assert pipeline.queued_in_collector() > 0
        pipeline.collector.kill()
        pipeline.until_alert("TargetDown")
        pipeline.collector.start()
        assert pipeline.queued_in_collector() > 0
        pipeline.broker.start()
        pipeline.until_nothing_is_lost(made)


def test_collector_that_is_killed_again_and_again_under_load(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE, 20) as load:
        for _ in range(4):
            pipeline.until_confirmed(300)
            pipeline.collector.kill()
            pipeline.collector.start()
        pipeline.until_nothing_is_lost(load.done())


def test_collector_that_is_away_for_too_long(tmp_path: Path) -> None:
    """Only here spans are lost, at the source: the metrics say how many, and all others are stored."""
    pipeline = Pipeline(tmp_path, span_queue_size=300)
    with pipeline.running(collector=False):
        with pipeline.load(RATE, 10) as load:
            load.done()
        pipeline.collector.start()
        pipeline.until_alert("SpansDroppedAtSource")
        until(
            lambda: sum(map(pipeline.spans_at_source, ("sent", "dropped"))) == pipeline.spans_at_source("made"),
            "every span is sent or dropped",
            timeout_s=60,
        )
        sent = pipeline.spans_at_source("sent")
        assert sent < pipeline.spans_at_source("made")
        until(lambda: pipeline.stored().span_count == sent, "what was sent is stored", timeout_s=60)


def test_engine_that_is_killed_between_store_and_acknowledgement(pipeline: Pipeline) -> None:
    """Cut at the first byte of an acknowledgement, which is only sent after the commit, then killed."""
    with pipeline.running(), pipeline.load(RATE, 20) as load:
        for _ in range(4):
            pipeline.until_more_stored(50)
            cuts = pipeline.consuming.cuts
            pipeline.consuming.cut_after(0, "to_target")
            until(lambda: pipeline.consuming.cuts > cuts, "an acknowledgement is cut off", timeout_s=30)  # noqa: B023
            pipeline.engine.kill()
            pipeline.engine.start()
        pipeline.until_nothing_is_lost(load.done())
        assert pipeline.collected("hallmark_qoa_amqp_messages_total", outcome="redelivered") > 0


def test_engine_that_is_killed_again_and_again_under_load(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE, 20) as load:
        for _ in range(4):
            pipeline.until_more_stored(50)
            pipeline.engine.kill()
            pipeline.engine.start()
        pipeline.until_nothing_is_lost(load.done())


def test_no_engine(pipeline: Pipeline) -> None:
    with pipeline.running(engine=False):
        with pipeline.load(RATE, 5) as load:
            made = load.done()
        pipeline.until_alert("QueueWithoutConsumer")
        pipeline.engine.start()
        pipeline.until_nothing_is_lost(made)


def test_engine_that_hangs(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(2 * RATE, 15) as load:
        pipeline.until_more_stored(50)
        pipeline.engine.pause()
        made = load.done()
        pipeline.engine.resume()
        pipeline.until_nothing_is_lost(made)


def test_engine_that_is_slow(pipeline: Pipeline) -> None:
    """It gets a tenth of the time, one message a queue at once; the queues take what it cannot."""
    with pipeline.running(), pipeline.load(2 * RATE, 15) as load:
        while load.is_running():
            pipeline.engine.pause()
            time.sleep(0.9)  # its share of the time is the fault
            pipeline.engine.resume()
            time.sleep(0.1)
        pipeline.until_nothing_is_lost(load.done())
