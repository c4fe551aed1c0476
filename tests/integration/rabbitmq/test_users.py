"""Every user of RabbitMQ may do what it must, and nothing else."""

import base64
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from hallmark_cli.stack.secrets import RABBITMQ_USERS
from tests.support.amqp import channel_of
from tests.support.parts import Broker

FORBIDDEN = 403

EXCHANGES = ("hallmark.telemetry", "hallmark.feedback", "hallmark.unrouted", "hallmark.dead", "hallmark.events")
QUEUES = ("spans.00", "spans.15", "metrics", "unrouted", "feedback", "events", "dead")
WRITES = {
    "collector": {"hallmark.telemetry"},
    "qoa": {"hallmark.events", "hallmark.dead"},
    "feedback": {"hallmark.feedback"},
    "monitor": set[str](),
}
READS = {
    "collector": set[str](),
    "qoa": {"spans.00", "spans.15", "metrics", "unrouted", "feedback"},
    "feedback": set[str](),
    "monitor": set[str](),
}

user = pytest.mark.parametrize("user", WRITES)


@pytest.fixture(autouse=True)
def _emptied(broker: Broker) -> None:
    """Of what the tests publish."""
    broker.purge()


def _may(broker: Broker, user: str, do: Callable[[BlockingChannel], object]) -> bool:
    with channel_of(broker, user) as channel:
        channel.confirm_delivery()
        try:
            do(channel)
        except ChannelClosedByBroker as refused:
            if refused.reply_code != FORBIDDEN:
                raise
            return False
        return True


def test_every_user_is_looked_at() -> None:
    assert {*WRITES, "operator"} == set(RABBITMQ_USERS)


@user
def test_it_writes_to_its_exchanges_only(broker: Broker, user: str) -> None:
    def writes(exchange: str) -> bool:
        return _may(broker, user, lambda channel: channel.basic_publish(exchange, "metrics", b""))

    assert {exchange for exchange in (*EXCHANGES, "") if writes(exchange)} == WRITES[user]


@user
def test_it_reads_its_queues_only(broker: Broker, user: str) -> None:
    def reads(queue: str) -> bool:
        return _may(broker, user, lambda channel: channel.basic_consume(queue, lambda *_: None))

    assert {queue for queue in QUEUES if reads(queue)} == READS[user]


@user
def test_it_changes_nothing(broker: Broker, user: str) -> None:
    assert not _may(broker, user, lambda channel: channel.queue_declare("of.my.own"))
    assert not _may(broker, user, lambda channel: channel.exchange_declare("of.my.own"))
    assert not _may(broker, user, lambda channel: channel.queue_delete("spans.00"))
    assert not _may(broker, user, lambda channel: channel.queue_bind("spans.00", "hallmark.telemetry", "x"))


@pytest.mark.parametrize(("user", "status"), [("collector", 401), ("qoa", 401), ("feedback", 401), ("monitor", 200)])
def test_only_who_watches_is_let_into_the_management_api(broker: Broker, user: str, status: int) -> None:
    assert _status(broker, user, "/queues/hallmark") == status


def test_who_watches_changes_nothing_there_either(broker: Broker) -> None:
    assert _status(broker, "monitor", "/queues/hallmark/spans.00", "DELETE") == 401
    assert _status(broker, "monitor", "/users") == 401


def _status(broker: Broker, user: str, path: str, method: str = "GET") -> int:
    token = base64.b64encode(f"{user}:{broker.password_file(user).read_text()}".encode()).decode()
    port = broker.site.settings.stack_rabbitmq_management_port
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api{path}", method=method, headers={"authorization": f"Basic {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def test_the_user_that_rabbitmq_comes_with_is_not_there(broker: Broker) -> None:
    assert {user["name"] for user in broker.api("/users")} == set(RABBITMQ_USERS)
