"""The connections to RabbitMQ are cut at many byte offsets, in either direction, on either side: no span is lost."""

import random

import pytest

from tests.support.pipeline import Pipeline
from tests.support.proxy import Direction, TcpProxy
from tests.support.waiting import until

RATE = 40.0
CUTS = 25
REACH = 20_000
"""Bytes within which a cut falls: handshakes, headers of messages, bodies, acknowledgements."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("direction", ["to_target", "to_client"])
@pytest.mark.parametrize("side", ["publishing", "consuming"])
def test_cuts(pipeline: Pipeline, side: str, direction: Direction) -> None:
    offsets = random.Random(f"{side} {direction}")
    with pipeline.running(), pipeline.load(RATE, 60) as load:
        proxy: TcpProxy = getattr(pipeline, side)
        pipeline.until_more_stored(20)
        for _ in range(CUTS):
            before = proxy.cuts
            # Spread evenly over orders of magnitude: most of what is delicate is small.
            proxy.cut_after(int(REACH ** offsets.random()), direction)
            until(lambda: proxy.cuts > before, "the connection is cut", timeout_s=60)  # noqa: B023
        pipeline.until_nothing_is_lost(load.done())
