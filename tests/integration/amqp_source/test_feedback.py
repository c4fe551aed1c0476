"""Truths over AMQP: stored, then acknowledged; what is no truth becomes a dead letter that says why."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.sources.amqp.source import AmqpSource
from hallmark_qoa.stores.base import TruthOutcome, TruthTold
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.truth.truths import Truths
from tests.support.amqp import channel_of, eventually, ready, taken
from tests.support.parts import Broker
from tests.support.records import NOW_NS, prediction, put, stage
from tests.support.sinks import RecordingSink

EXCHANGE = "hallmark.feedback"
QUICK = Pace(first_s=0.05, longest_s=0.2, refused_s=0.1, stalled_s=0.3)


class FailingStore(SqliteStore):
    """Fails as often as it is told, and can leave a transaction without an answer, as a kill does."""

    failures = 0
    hangs = False
    committed = 0

    async def add_truths(self, truths: Sequence[TruthTold]) -> list[TruthOutcome]:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("disk full")
        outcomes = await super().add_truths(truths)
        self.committed += 1
        if self.hangs:
            await asyncio.Event().wait()
        return outcomes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FailingStore]:
    opened = await FailingStore.open(tmp_path / "store", lambda: NOW_NS)
    assert isinstance(opened, FailingStore)
    await put(opened, *(stage(number, NOW_NS) for number in range(1, 5)))
    yield opened
    await opened.close()


@pytest.fixture
async def truths(store: FailingStore) -> Truths:
    return Truths(store, wait_s=60.0, clock_ns=lambda: NOW_NS + 9)


@pytest.fixture
async def source(broker: Broker, truths: Truths) -> AsyncIterator[AmqpSource]:
    settings = Settings(**broker.settings_of_engine(), qoa_shards="0", max_request_bytes=30_000)  # type: ignore[arg-type]
    started = AmqpSource(settings, RecordingSink(), truths, pace=QUICK)
    await started.start()
    await eventually(lambda: started.counters.queues == 4, "feedback is consumed too")
    yield started
    await started.stop(1.0)


def told(number: int, value: object = "yes", **more: object) -> dict[str, object]:
    return {"prediction_id": prediction(number), "value": value, **more}


def tell(broker: Broker, *documents: object, key: str = "feedback", **chosen: Any) -> None:
    with channel_of(broker, "feedback") as channel:
        channel.confirm_delivery()
        for document in documents:
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            properties = pika.BasicProperties(**{"content_type": "application/json", "delivery_mode": 2, **chosen})
            channel.basic_publish(EXCHANGE, key, body, properties, mandatory=True)


async def values(store: SqliteStore) -> dict[int, tuple[str, int]]:
    """Truth by number of the prediction."""
    found = {}
    for number in range(1, 5):
        record = await store.get(prediction(number))
        if record is not None and record.HasField("truth"):
            found[number] = (record.truth.value, record.truth.observed_at.ToNanoseconds())
    return found


async def test_one_truth_or_several_are_kept_and_acknowledged(
    broker: Broker, source: AmqpSource, store: FailingStore, truths: Truths
) -> None:
    tell(broker, told(1, 7, observed_at="2026-09-21T00:00:00.5Z"), [told(2, True), told(3, [1, "b"])], [])
    await eventually(lambda: source.counters.messages["acknowledged"] == 3)
    assert await values(store) == {
        1: ("7", 1_789_948_800_500_000_000),
        2: ("true", NOW_NS + 9),
        3: ('[1,"b"]', NOW_NS + 9),
    }
    assert truths.counters.truths == {("joined", "amqp"): 3}
    await source.stop(1.0)
    assert ready(broker, "feedback", "dead") == 0


async def test_truth_without_a_time_was_observed_when_it_was_sent(
    broker: Broker, source: AmqpSource, store: FailingStore, truths: Truths
) -> None:
    for _ in range(2):
        tell(broker, told(1), timestamp=1_790_000_001)
    await eventually(lambda: source.counters.messages["acknowledged"] == 2)
    assert await values(store) == {1: ("yes", 1_790_000_001 * 10**9)}
    assert truths.counters.truths == {("joined", "amqp"): 1, ("repeated", "amqp"): 1}


@pytest.mark.parametrize(
    ("kind", "reason", "body", "chosen"),
    [
        ("body", "not a JSON text in UTF-8", b"{", {}),
        ("body", "not a JSON text in UTF-8", b'"\xff"', {}),
        ("body", "not a JSON text in UTF-8", b"[" * 10_000, {}),
        ("content_type", "content_type must be application/json, not None", b"{}", {"content_type": None}),
        ("content_encoding", "content_encoding must be none, not 'gzip'", b"{}", {"content_encoding": "gzip"}),
        ("too_large", "a message may have 30000 bytes", b" " * 30_001, {}),
        ("too_large", "a message may hold 10000 truths, not 10001", b"[" + b"0," * 10_000 + b"0]", {}),
        ("refused_truths", "truths[0]: expected an object with prediction_id and value, got 7", b"7", {}),
        ("refused_truths", "truths[0].value: expected finite numbers", b'{"prediction_id": "a", "value": 1e999}', {}),
        ("refused_truths", "truths[0].value: expected a string of", b'{"prediction_id": "", "value": "\\ud800"}', {}),
        ("refused_truths", "truths[0]: prediction_id: expected '<32", b'{"prediction_id": "a", "value": 1}', {}),
    ],
)  # fmt: skip
async def test_what_is_no_truth_becomes_a_dead_letter(
    broker: Broker, source: AmqpSource, kind: str, reason: str, body: bytes, chosen: dict[str, Any]
) -> None:
    tell(broker, body, **chosen)
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    (found,) = taken(broker, "dead")
    assert found.reason.startswith(reason)
    assert found.properties.headers["hallmark-queue"] == "feedback"
    assert (found.body, source.counters.messages[f"dead_lettered.{kind}"]) == (body, 1)


async def test_good_truths_of_a_bad_message_are_kept(broker: Broker, source: AmqpSource, store: FailingStore) -> None:
    trace = f"{99:032x}"
    no_such_trace = {"prediction_id": trace, "value": 1}
    tell(broker, [told(1), {"value": 1, "who": 2}, told(2, None), told(3), no_such_trace, told(4, "\0"), told(2)])
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert set(await values(store)) == {1, 2, 3}
    (found,) = taken(broker, "dead")
    assert found.reason == (
        "truths[1]: expected only the keys prediction_id, value, observed_at, got the key 'who'; "
        "truths[2].value: expected a label, a number, a boolean or an array of them, got None; "
        f"truths[4]: prediction_id: no record of trace {trace}; tell it again when there is one, or by prediction id; "
        "and 1 more"
    )


async def test_a_store_that_fails_holds_truths_up_and_loses_none(
    broker: Broker, source: AmqpSource, store: FailingStore
) -> None:
    store.failures = 8
    tell(broker, *(told(number) for number in range(1, 5)))
    await eventually(lambda: source.counters.messages["acknowledged"] == 4)
    assert set(await values(store)) == {1, 2, 3, 4}
    assert source.counters.messages["postponed"] > 0
    assert ready(broker, "dead") == 0


async def test_an_engine_that_ends_between_commit_and_acknowledgement_is_told_again(
    broker: Broker, source: AmqpSource, store: FailingStore
) -> None:
    store.hangs = True
    tell(broker, told(1, observed_at="2026-09-21T00:00:00Z"))
    await eventually(lambda: store.committed == 1)
    await source.stop(0.2)
    await eventually(lambda: ready(broker, "feedback") == 1, "what was not acknowledged is back")
    store.hangs = False
    other = Truths(store, wait_s=60.0, clock_ns=lambda: NOW_NS + 99)
    settings = Settings(**broker.settings_of_engine(), qoa_shards="0")  # type: ignore[arg-type]
    second = AmqpSource(settings, RecordingSink(), other, pace=QUICK)
    await second.start()
    try:
        await eventually(lambda: second.counters.messages["acknowledged"] == 1)
        assert other.counters.truths == {("repeated", "amqp"): 1}
    finally:
        await second.stop(1.0)


async def test_many_truths_share_transactions(broker: Broker, source: AmqpSource, truths: Truths) -> None:
    tell(broker, *(told(number + 100) for number in range(300)))
    await eventually(lambda: source.counters.messages["acknowledged"] == 300)
    assert truths.counters.truths == {("waiting", "amqp"): 300}


async def test_wrong_routing_key_is_seen(broker: Broker, source: AmqpSource) -> None:
    tell(broker, told(1), key="feedbak")
    await eventually(lambda: source.counters.messages["acknowledged"] == 1)
    assert source.counters.messages["unrouted"] == 1
    assert len(taken(broker, "dead")) == 1


@pytest.mark.parametrize("exchange", ["hallmark.telemetry", "hallmark.events", "hallmark.dead", ""])
def test_user_feedback_may_tell_truths_and_nothing_else(broker: Broker, exchange: str) -> None:
    with channel_of(broker, "feedback") as channel:
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            channel.basic_publish(exchange, "feedback", b"")


def test_user_feedback_may_read_nothing(broker: Broker) -> None:
    with channel_of(broker, "feedback") as channel, pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
        channel.basic_get("feedback")
