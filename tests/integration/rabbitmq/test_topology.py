"""What a broker makes of rabbitmq/topology.json: queues that hold what design and engine rely on."""

import json
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic

from tests.support.amqp import EXCHANGE, Found, channel_of, properties, publish, taken
from tests.support.command import ROOT
from tests.support.parts import Broker
from tests.support.waiting import until

SHARDS = [f"spans.{shard:02}" for shard in range(16)]
TOPOLOGY = json.loads((ROOT / "rabbitmq/topology.json").read_text())
EMITTED_S = 20.0
"""Queues tell the management plug-in of themselves every five seconds."""


@pytest.fixture(scope="module")
def queues(broker: Broker) -> dict[str, Any]:
    """Each queue as the broker has it."""

    def found() -> dict[str, Any]:
        every = {queue["name"]: queue for queue in broker.api("/queues/hallmark")}
        told = all("effective_policy_definition" in queue for queue in every.values())
        return every if told else {}

    return until(found, "every queue has told of itself", timeout_s=EMITTED_S)


def test_every_queue_is_a_durable_quorum_queue(queues: dict[str, Any]) -> None:
    assert set(queues) == {*SHARDS, "metrics", "unrouted", "feedback", "events", "dead"}
    assert {queue["type"] for queue in queues.values()} == {"quorum"}
    assert all(queue["durable"] for queue in queues.values())


@pytest.mark.parametrize("name", [*SHARDS, "unrouted"])
def test_a_queue_of_spans_has_one_consumer_at_a_time_and_loses_nothing(queues: dict[str, Any], name: str) -> None:
    policy = queues[name]["effective_policy_definition"]
    assert queues[name]["arguments"]["x-single-active-consumer"] is True
    assert policy["delivery-limit"] == 20
    assert (policy["dead-letter-exchange"], policy["dead-letter-strategy"]) == ("hallmark.dead", "at-least-once")
    assert policy["overflow"] == "reject-publish"
    assert policy["max-length-bytes"] > 0


@pytest.mark.parametrize("name", ["metrics", "unrouted", "feedback", "events", "dead"])
def test_no_queue_grows_without_bound(queues: dict[str, Any], name: str) -> None:
    assert queues[name]["effective_policy_definition"]["max-length-bytes"] > 0


def test_a_key_that_nothing_is_bound_to_is_caught(broker: Broker) -> None:
    publish(broker, "spans.99", [(properties(), b"x")])
    assert _consumed(broker, "unrouted") == b"x"


def _consumed(broker: Broker, queue: str) -> bytes:
    """The next message of a queue with a single active consumer, from which nothing can be taken otherwise."""
    with channel_of(broker) as channel:
        for _, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=EMITTED_S):
            return bytes(body or b"")
    return b""


def test_events_are_kept_for_whoever_reads_them(broker: Broker) -> None:
    with channel_of(broker, "qoa") as channel:
        channel.confirm_delivery()
        channel.basic_publish("hallmark.events", "critical.alice.digits", b"x", mandatory=True)
    assert [found.body for found in taken(broker, "events")] == [b"x"]


def test_a_message_that_is_given_back_too_often_becomes_a_dead_letter_and_says_so(broker: Broker) -> None:
    """As one that ends each engine which takes it would be: nobody lives to put it aside."""
    publish(broker, "spans.00", [(properties(), b"poison")])
    deliveries = []
    with channel_of(broker, "qoa") as channel:

        def give_back(_: BlockingChannel, method: Basic.Deliver, *_message: object) -> None:
            deliveries.append(method)
            channel.basic_nack(method.delivery_tag, requeue=True)

        def dead_letters() -> list[Found]:
            channel.connection.process_data_events(0)
            return taken(broker, "dead")

        channel.basic_consume("spans.00", give_back)
        (dead,) = until(dead_letters, "it is a dead letter", timeout_s=EMITTED_S)
    (death,) = dead.properties.headers["x-death"]
    assert len(deliveries) == 21  # delivered once, and delivery-limit times again
    assert dead.body == b"poison"
    assert (death["reason"], death["queue"], death["exchange"]) == ("delivery_limit", "spans.00", EXCHANGE)


def test_a_definition_has_no_password_in_it() -> None:
    assert "users" not in TOPOLOGY
    assert pika.ConnectionParameters.DEFAULT_USERNAME not in {entry["user"] for entry in TOPOLOGY["permissions"]}
