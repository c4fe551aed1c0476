"""A broker that is not there, refuses, dies, hangs or is cut off: waited for, said once, and nothing is lost."""

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hallmark_qoa.sources.amqp.connection import Connection
from hallmark_qoa.sources.amqp.consumer import QueueConsumer
from hallmark_qoa.sources.base import Receipt
from tests.integration.amqp_source.conftest import QUICK, StartSource
from tests.support.amqp import LAST, eventually, publish_batches, ready, until_all_came
from tests.support.parts import Broker
from tests.support.ports import free_port, taken_port
from tests.support.proxy import TcpProxy
from tests.support.sinks import HoldingSink, RecordingSink, span_name

NAMES = [f"batch{number:03}" for number in range(60)]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


async def test_broker_that_comes_later(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with TcpProxy(broker.port) as proxy:
        proxy.refuse()
        source = await start_source(RecordingSink(), port=proxy.port, waits=False)
        await eventually(lambda: source.counters.connections["failed"] >= 3)
        assert source.counters.connected == 0
        proxy.accept()
        await eventually(lambda: source.counters.queues == 4)
        assert source.counters.connected == 1
        lines = [record.message for record in caplog.records]
        assert lines == [
            f"RabbitMQ at 127.0.0.1:{proxy.port}/hallmark: it cannot be reached: Connection refused; "
            "nothing is consumed meanwhile; it is tried again",
            f"RabbitMQ at 127.0.0.1:{proxy.port}/hallmark: connected, 4 queues are consumed",
        ]
        await source.stop(1.0)


async def test_wrong_password_until_it_is_put_right(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("wrong-secret")
    source = await start_source(RecordingSink(), waits=False, amqp_password_file=password)
    await eventually(lambda: source.counters.connections["failed"] >= 2)
    (line,) = warnings_of(caplog)
    assert "refused the user or the password; check HALLMARK_AMQP_URL and HALLMARK_AMQP_PASSWORD_FILE" in line
    password.write_bytes(broker.password_file("qoa").read_bytes())
    await eventually(lambda: source.counters.queues == 4)
    assert "secret" not in caplog.text


async def test_password_file_that_vanishes_while_it_runs(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_bytes(broker.password_file("qoa").read_bytes())
    async with TcpProxy(broker.port) as proxy:
        source = await start_source(RecordingSink(), port=proxy.port, amqp_password_file=password)
        password.unlink()
        proxy.cut()
        await eventually(lambda: source.counters.connections["failed"] >= 1)
        assert any("HALLMARK_AMQP_PASSWORD_FILE" in line for line in warnings_of(caplog))
        password.write_bytes(broker.password_file("qoa").read_bytes())
        await eventually(lambda: source.counters.queues == 4)
        await source.stop(1.0)


@pytest.mark.parametrize("vhost", ["nonsense", "%2F"])
async def test_wrong_vhost(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture, vhost: str
) -> None:
    url = f"amqp://qoa@127.0.0.1:{broker.port}/{vhost}"
    source = await start_source(RecordingSink(), waits=False, amqp_url=url)
    await eventually(lambda: source.counters.connections["failed"] >= 2)
    (line,) = warnings_of(caplog)
    assert "it refused the vhost (NOT_ALLOWED" in line
    assert "check HALLMARK_AMQP_URL" in line


async def test_port_of_something_else(start_source: StartSource, caplog: pytest.LogCaptureFixture) -> None:
    with taken_port() as port:
        source = await start_source(RecordingSink(), port=port, waits=False, pace=replace(QUICK, connect_s=0.2))
        await eventually(lambda: source.counters.connections["failed"] >= 2)
        (line,) = warnings_of(caplog)
        assert "no answer within 0.2 s" in line
        await source.stop(1.0)


async def test_stop_while_it_connects(start_source: StartSource) -> None:
    with taken_port() as port:
        source = await start_source(RecordingSink(), port=port, waits=False)
        await source.stop(1.0)
    source = await start_source(RecordingSink(), port=free_port(), waits=False)
    await source.stop(1.0)
    assert source.counters.connections["opened"] == 0


async def test_broker_that_is_killed_while_it_is_read(broker: Broker, start_source: StartSource) -> None:
    sink = RecordingSink()
    publish_batches(broker, "spans.00", *NAMES)
    publish_batches(broker, "spans.01", *NAMES)
    source = await start_source(SlowSink(sink), qoa_prefetch=8)
    await eventually(lambda: len(sink.requests) >= 30)
    await asyncio.to_thread(broker.kill)
    await eventually(lambda: source.counters.connected == 0)
    await asyncio.to_thread(broker.start)
    await eventually(lambda: source.counters.queues == 4)
    # An acknowledgement may have died with the broker: the message comes again.
    await eventually(lambda: source.counters.messages["acknowledged"] >= 120)
    await until_all_came(broker, sink, "spans.00", "spans.01")
    await source.stop(5.0)
    assert sorted(set(map(span_name, sink.requests))) == [*NAMES, LAST]
    assert len(sink.requests) >= 122
    assert ready(broker, "spans.00", "spans.01") == 0
    assert source.counters.connections["lost"] == 1


class SlowSink(RecordingSink):
    """Takes a little while, as a store does."""

    def __init__(self, sink: RecordingSink) -> None:
        super().__init__()
        self._sink = sink

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        await asyncio.sleep(0.01)
        return await self._sink.deliver(request, kept=kept)


async def test_peer_that_vanishes_without_a_word(
    broker: Broker, start_source: StartSource, caplog: pytest.LogCaptureFixture
) -> None:
    sink = HoldingSink()
    publish_batches(broker, "spans.00", "a")
    async with TcpProxy(broker.port) as proxy:
        url = f"amqp://qoa@127.0.0.1:{proxy.port}/hallmark?heartbeat=2"
        source = await start_source(sink, amqp_url=url, pace=replace(QUICK, connect_s=2.0))
        await eventually(lambda: list(sink.waiting) == ["a"])
        proxy.pause()
        await eventually(lambda: source.counters.connections["lost"] == 1)
        assert any("nothing was heard of it, not even a heartbeat" in line for line in warnings_of(caplog))
        assert sink.waiting == {}
        proxy.resume()
        await eventually(lambda: source.counters.messages["redelivered"] == 1)
        sink.release("a")
        await eventually(lambda: source.counters.messages["acknowledged"] == 1)
        await source.stop(1.0)


async def test_fault_of_our_own_does_not_end_the_source(
    broker: Broker, start_source: StartSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consume, faults = QueueConsumer.run, [ZeroDivisionError("a fault")]

    async def run(self: QueueConsumer, connection: Connection) -> None:
        if faults:
            raise faults.pop()
        await consume(self, connection)

    monkeypatch.setattr(QueueConsumer, "run", run)
    source = await start_source(RecordingSink())
    assert source.counters.connections["opened"] == 2
    assert "the AMQP source failed; it begins anew" in caplog.text
    publish_batches(broker, "spans.00", "a")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)


async def test_stop_while_the_peer_hangs(broker: Broker, start_source: StartSource) -> None:
    async with TcpProxy(broker.port) as proxy:
        source = await start_source(RecordingSink(), port=proxy.port, pace=replace(QUICK, close_s=0.2))
        proxy.pause()
        await source.stop(0.2)
        assert source.counters.connected == 0


async def test_engine_that_is_busy_misses_no_heartbeat(broker: Broker, start_source: StartSource) -> None:
    """Three times as long as the broker waits: it would have closed the connection."""
    url = f"amqp://qoa@127.0.0.1:{broker.port}/hallmark?heartbeat=1"
    source = await start_source(BusySink(), amqp_url=url)
    publish_batches(broker, "spans.00", *NAMES[:40])
    await eventually(lambda: source.counters.messages["acknowledged"] == 40)
    await source.stop(1.0)
    assert source.counters.connections == {"opened": 1}
    assert source.counters.messages["redelivered"] == 0
    assert ready(broker, "spans.00") == 0


class BusySink(RecordingSink):
    """Computes for 0.2 s without giving anybody a turn."""

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        end_s = time.monotonic() + 0.2
        while time.monotonic() < end_s:
            pass
        return await super().deliver(request, kept=kept)
