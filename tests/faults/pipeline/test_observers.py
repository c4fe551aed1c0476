"""Those who only look are away: Tempo and Prometheus. Predictions and records do not depend on them."""

import pytest

from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.timeout(400)

RATE = 40.0


def test_no_tempo(pipeline: Pipeline) -> None:
    with pipeline.running():
        with pipeline.load(RATE, 10) as load:
            made = load.done()
        pipeline.until_nothing_is_lost(made)
        pipeline.until_alert("TempoExportFailing")


def test_prometheus_that_is_killed_under_load(pipeline: Pipeline) -> None:
    """It misses what happens while it is away; totals are right again with the next scrape."""
    with pipeline.running(), pipeline.load(RATE, 15) as load:
        pipeline.until_more_stored(50)
        pipeline.prometheus.kill()
        pipeline.until_more_stored(200)
        pipeline.prometheus.start()
        found = pipeline.until_nothing_is_lost(load.done())
        pipeline.until_counted("stored", found.span_count)
        pipeline.until_counted("made", found.span_count)
