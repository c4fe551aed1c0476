"""Our collector is started again and again while clients send: it never ends by itself and loses nothing it took.

The servers of its receiver may be open before the exporters have started; what comes then would end it. Whether they
are is up to chance at each start, so there are starts until it was so often enough.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hallmark_cli.stack.parts.collector import collector
from tests.integration.collector_gate.clients import over_grpc, over_http
from tests.integration.collector_gate.hammer import Hammer, numbers
from tests.support.amqp import channel_of
from tests.support.parts import Broker, RunningPart, new_site
from tests.support.ports import free_port
from tests.support.waiting import until

logger = logging.getLogger(__name__)

EARLY_STARTS = 3
"""Starts in which the gate refused something."""
MOST_STARTS = 100
"""One in five is early, so that these hold fewer has a probability of one in ten million."""
CLIENTS = 4
"""Of each protocol."""
MORE = 100
"""Spans that are acknowledged over each protocol before a collector is ended."""
SOON_S = 60.0

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """Its queues are emptied here."""
    with Broker(new_site(tmp_path / "site")) as running:
        yield running


@pytest.fixture
def hammers(own_broker: Broker) -> Iterator[list[Hammer]]:
    """At work over both protocols."""
    settings = own_broker.site.settings
    ports = {over_grpc: settings.otlp_grpc_port, over_http: settings.otlp_http_port}
    with ExitStack() as stack:
        yield [stack.enter_context(Hammer(one, port, clients=CLIENTS).at_work()) for one, port in ports.items()]


@pytest.fixture
def cut_off(own_broker: Broker) -> Iterator[RunningPart]:
    """A collector that cannot reach the broker: what it takes stays on its disk."""
    running = part(own_broker, free_port())
    yield running
    running.end()


def part(broker: Broker, amqp_port: int) -> RunningPart:
    """The collector of a site, always with the same queues on disk."""
    own = collector(broker.site, tempo=True)
    environ = {**own.environ, "AMQP_ENDPOINT": f"amqp://127.0.0.1:{amqp_port}/hallmark"}
    return RunningPart(replace(own, environ=environ), broker.site.folder("log"))


def end(running: RunningPart, *, in_order: bool) -> None:
    """End a collector that must still be there."""
    assert running.process is not None
    assert running.process.poll() is None, f"it ended by itself: {running.log.read_text()[-2000:]}"
    assert "panic" not in running.log.read_text(), "an HTTP server goes on after one"
    if in_order:
        assert running.stop() == 0
    else:
        running.kill()


def early_starts(running: RunningPart) -> int:
    """In how many of its starts the gate has refused something."""
    return len(re.findall(r'"refused_before":[1-9]', running.log.read_text()))


def until_more_is_taken(hammers: list[Hammer]) -> None:
    """Wait until each has been acknowledged so many spans more."""
    enough = {hammer: len(hammer.acknowledged) + MORE for hammer in hammers}
    until(
        lambda: all(len(hammer.acknowledged) >= count for hammer, count in enough.items()),
        f"{MORE} spans are acknowledged over each protocol",
        timeout_s=SOON_S,
    )


def until_at_broker(broker: Broker, wanted: frozenset[int]) -> None:
    """Wait until spans with these numbers have come out of the queues of the broker."""
    found: set[int] = set()
    with channel_of(broker) as channel:
        for shard in range(16):
            channel.basic_consume(
                f"spans.{shard:02d}", lambda *message: found.update(numbers(message[-1])), auto_ack=True
            )

        def all_there() -> bool:
            channel.connection.process_data_events(0)
            return wanted <= found

        until(all_there, "every acknowledged span is at the broker", timeout_s=SOON_S)


def test_collector_that_is_started_under_load(own_broker: Broker, hammers: list[Hammer], cut_off: RunningPart) -> None:
    starts = 0
    while starts < MOST_STARTS and (starts == 0 or early_starts(cut_off) < EARLY_STARTS):
        cut_off.start()
        until_more_is_taken(hammers)
        end(cut_off, in_order=starts % 2 == 1)
        starts += 1
    assert early_starts(cut_off) == EARLY_STARTS
    taken = frozenset[int]().union(*(hammer.acknowledged for hammer in hammers))
    with part(own_broker, own_broker.port):
        until_at_broker(own_broker, taken)
    logger.info("%d starts, %d of them early, %d spans taken", starts, EARLY_STARTS, len(taken))
