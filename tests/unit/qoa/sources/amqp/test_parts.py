"""Waits, turns, and the counters as instruments."""

import asyncio
import socket

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pika.adapters.asyncio_connection import _AsyncioIOServicesAdapter
from pika.adapters.utils.io_services_utils import _AsyncPlaintextTransport

from hallmark_common import attributes
from hallmark_qoa.sources.amqp.connection import RECEIVE_BYTES
from hallmark_qoa.sources.amqp.counters import AmqpCounters
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.turns import Turns
from tests.support.waiting import eventually


def test_waits_double_up_to_a_cap_and_differ() -> None:
    pace = Pace()
    assert [pace.retry_s(failures, 0.9999) for failures in (1, 2, 3, 7, 100_000)] == [
        0.25 * 0.99995, 0.5 * 0.99995, 0.99995, 15 * 0.99995, 15 * 0.99995,
    ]  # fmt: skip
    assert pace.retry_s(100_000, 0.0) == 7.5
    assert pace.retry_s(1, 0.0, refused=True) == 15.0


def test_what_lived_long_is_no_failure_in_a_row() -> None:
    assert Pace().failures(6, lived_s=0.1) == 7
    assert Pace().failures(6, lived_s=60.0) == 1


async def test_one_piece_of_work_a_turn_in_order() -> None:
    turns, begun, seen = Turns(), list[int](), list[int]()
    for number in range(5):
        turns.add(lambda number=number: begun.append(number))  # type: ignore[misc]
    while len(begun) < 5:
        seen.append(len(begun))
        await asyncio.sleep(0)
    assert begun == [0, 1, 2, 3, 4]
    assert seen == [0, 1, 2, 3, 4]


async def test_work_that_fails_holds_up_nothing() -> None:
    turns, begun, failures = Turns(), list[int](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    turns.add(lambda: begun.append(1 // 0))
    turns.add(lambda: begun.append(2))
    await eventually(lambda: begun == [2])
    assert len(failures) == 1
    turns.add(lambda: begun.append(3))
    await eventually(lambda: begun == [2, 3])


async def test_pika_reads_as_much_at_once_as_it_is_told() -> None:
    class Sizes(list[int]):
        def data_received(self, data: bytes) -> None:
            self.append(len(data))

    ours, theirs = socket.socketpair()
    sizes, services = Sizes(), _AsyncioIOServicesAdapter(asyncio.get_running_loop())
    with ours, theirs:
        theirs.setblocking(False)
        ours.sendall(bytes(RECEIVE_BYTES + 1))
        _AsyncPlaintextTransport(theirs, sizes, services)
        await eventually(lambda: sum(sizes) > RECEIVE_BYTES)
        services.remove_reader(theirs.fileno())
    assert sizes == [RECEIVE_BYTES, 1]


def test_instruments_follow_the_counts() -> None:
    reader = InMemoryMetricReader()
    counters = AmqpCounters()
    counters.observe(MeterProvider([reader]).get_meter("test"))
    counters.messages.update({"received": 3, "dead_lettered.body": 1})
    counters.connections["opened"] = 2
    counters.connected, counters.queues = 1, 18
    data = reader.get_metrics_data()
    assert data is not None
    (metrics,) = (scope.metrics for resource in data.resource_metrics for scope in resource.scope_metrics)
    found = {
        metric.name: {(point.attributes or {}).get("outcome"): point.value for point in metric.data.data_points}  # type: ignore[union-attr]
        for metric in metrics
    }
    assert found == {
        "hallmark.qoa.amqp.messages": {"received": 3, "dead_lettered.body": 1},
        "hallmark.qoa.amqp.connections": {"opened": 2},
        "hallmark.qoa.amqp.connected": {None: 1},
        "hallmark.qoa.amqp.queues": {None: 18},
    }
    assert found.keys() <= attributes.METRICS.keys()
