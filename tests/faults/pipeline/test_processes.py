"""Collector and engine are killed or hang at the worst moment: no span is lost, no record is stored twice."""

import time
from pathlib import Path

import pytest

from tests.faults.pipeline.conftest import MakePipeline
from tests.support.pipeline import SETTLED_S, Pipeline
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

RATE = 40.0
"""Predictions a second; each makes a dozen spans."""


FULL_AT_BYTES = 500_000
"""About a tenth of what the load makes."""


def test_collector_that_is_killed_with_a_full_queue(make_pipeline: MakePipeline) -> None:
    """What it holds is on its disk, and what it refused is in the services still."""
    pipeline = make_pipeline(collector_environ={"COLLECTOR_QUEUE_BYTES": str(FULL_AT_BYTES)})
    with pipeline.running(broker=False):
        with pipeline.load(RATE, 10) as load:
            made = load.done()
        pipeline.until_alert("CollectorQueueFull")
        held = pipeline.queued_in_collector()
        assert 0.5 * FULL_AT_BYTES < held <= FULL_AT_BYTES
        assert pipeline.spans_at_source("sent") < pipeline.spans_at_source("made")
        # What is refused comes again, and is among the figures that are made of spans already.
        until(
            lambda: pipeline.collected("traces_span_metrics_calls_total") > pipeline.spans_at_source("sent"),
            "more is counted than was taken",
            timeout_s=SETTLED_S,
        )
        pipeline.collector.kill()
        pipeline.until_alert("TargetDown")
        pipeline.collector.start()
        assert pipeline.queued_in_collector() >= held
        pipeline.broker.start()
        pipeline.until_nothing_is_lost(made)


def test_collector_that_is_killed_again_and_again_under_load(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE) as load:
        for _ in range(4):
            pipeline.until_confirmed(300)
            pipeline.collector.kill()
            pipeline.until_alert("TargetDown")
            pipeline.collector.start()
        pipeline.until_nothing_is_lost(load.done())


def test_collector_that_is_away_for_too_long(make_pipeline: MakePipeline) -> None:
    """Only here spans are lost, at the source: the metrics say how many, and all others are stored."""
    pipeline = make_pipeline(span_queue_size=300)
    with pipeline.running(collector=False):
        with pipeline.load(RATE, 10) as load:
            made = load.done()
        pipeline.collector.start()
        began_s = time.monotonic()
        pipeline.until_alert("SpansDroppedAtSource")
        until(pipeline.every_service_reports, "every service reports to the new collector", timeout_s=SETTLED_S)

        def accounted() -> bool:
            sent = pipeline.spans_at_source("sent")
            return sent + pipeline.spans_at_source("dropped") == pipeline.spans_at_source("made") and (
                pipeline.stored().span_count == sent
            )

        until(accounted, "every span is dropped, or sent and stored", timeout_s=SETTLED_S)
        assert pipeline.spans_at_source("sent") < pipeline.spans_at_source("made")
        pipeline.measure(made, pipeline.stored(), time.monotonic() - began_s)


def test_engine_that_is_killed_between_store_and_acknowledgement(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE) as load:
        _kill_before_acknowledgements(pipeline)
        pipeline.until_nothing_is_lost(load.done())
        until(lambda: _redelivered(pipeline) > 0, "messages came again", timeout_s=SETTLED_S)


def test_engine_on_postgresql_that_is_killed_between_store_and_acknowledgement(
    make_pipeline: MakePipeline, tmp_path: Path
) -> None:
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD)
    with PostgresServer() as server:
        url = server.create_database("hallmark")
        pipeline = make_pipeline(qoa_store_url=url, qoa_store_password_file=password_file)
        with pipeline.running(), pipeline.load(RATE) as load:
            _kill_before_acknowledgements(pipeline)
            pipeline.until_nothing_is_lost(load.done())
            until(lambda: _redelivered(pipeline) > 0, "messages came again", timeout_s=SETTLED_S)


def _kill_before_acknowledgements(pipeline: Pipeline) -> None:
    """Cut at the first byte of an acknowledgement, which is only sent after the commit, then kill; and again."""
    for _ in range(4):
        pipeline.until_more_stored(50)
        cuts = pipeline.consuming.cuts
        pipeline.consuming.cut_after(0, "to_target")
        until(lambda: pipeline.consuming.cuts > cuts, "an acknowledgement is cut off", timeout_s=SETTLED_S)  # noqa: B023
        pipeline.engine.kill()
        pipeline.engine.start()


def _redelivered(pipeline: Pipeline) -> float:
    return pipeline.collected("hallmark_qoa_amqp_messages_total", outcome="redelivered")


def test_engine_that_is_killed_again_and_again_under_load(pipeline: Pipeline) -> None:
    with pipeline.running(), pipeline.load(RATE) as load:
        for _ in range(4):
            pipeline.until_more_stored(50)
            pipeline.engine.kill()
            pipeline.until_alert("QueueWithoutConsumer")
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
    """The broker notices by its heartbeat, and keeps what the engine had not acknowledged."""
    with pipeline.running(), pipeline.load(2 * RATE, 15) as load:
        pipeline.until_more_stored(50)
        pipeline.until_no_alert("QueueWithoutConsumer")
        pipeline.engine.pause()
        made = load.done()
        pipeline.until_alert("QueueWithoutConsumer")
        pipeline.engine.resume()
        pipeline.until_nothing_is_lost(made)


def test_engine_that_is_slow(pipeline: Pipeline) -> None:
    """It gets a fiftieth of the time, which is too little for this load; the queues hold what it cannot take."""
    with pipeline.running(), pipeline.load(2 * RATE, 15) as load:
        while load.is_running():
            pipeline.engine.pause()
            time.sleep(0.98)  # its share of the time is the fault
            pipeline.engine.resume()
            time.sleep(0.02)
        pipeline.engine.pause()
        made = load.done()
        assert pipeline.stored().records < made / 2
        until(lambda: pipeline.queued_in_broker() > 0, "the queues hold the rest", timeout_s=SETTLED_S)
        pipeline.engine.resume()
        pipeline.until_nothing_is_lost(made)
