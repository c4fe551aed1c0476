"""The connections to RabbitMQ are cut at many byte offsets, in either direction, on either side: no span is lost."""

import random

import pytest

from tests.support.pipeline import Pipeline
from tests.support.proxy import Direction, TcpProxy
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(400)

RATE = 40.0
CUTS = 12
REACH = {
    ("publishing", "to_target"): 20_000,
    ("publishing", "to_client"): 2_000,
    ("consuming", "to_target"): 2_000,
    ("consuming", "to_client"): 20_000,
}
"""Bytes within which a cut falls: handshakes, headers of messages and bodies one way, acknowledgements the other."""


@pytest.mark.parametrize("direction", ["to_target", "to_client"])
@pytest.mark.parametrize("side", ["publishing", "consuming"])
def test_cuts(pipeline: Pipeline, side: str, direction: Direction) -> None:
    offsets = random.Random(f"{side} {direction}")
    with pipeline.running(), pipeline.load(RATE, 40) as load:
        proxy: TcpProxy = getattr(pipeline, side)
        pipeline.until_more_stored(20)
        for number in range(CUTS):
            before = proxy.cuts
            # Every other one spread evenly over orders of magnitude: handshakes come first and are short.
            reach = REACH[side, direction]
            offset = offsets.uniform(1, reach) if number % 2 else reach ** offsets.random()
            proxy.cut_after(int(offset), direction)
            until(lambda: proxy.cuts > before, "the connection is cut", timeout_s=60)  # noqa: B023
        pipeline.until_nothing_is_lost(load.done())
