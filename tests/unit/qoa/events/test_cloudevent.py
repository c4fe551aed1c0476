"""Events are CloudEvents: what a reader that knows nothing of Hallmark makes of them."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.reports import change_to_dict
from hallmark_qoa.events.amqp import message_of
from hallmark_qoa.events.cloudevent import CONTENT_TYPE, cloud_event
from tests.support.changes import change
from tests.support.records import NOW_NS


@pytest.mark.parametrize("verdict", ["violated", "pass", "unknown"])
def test_the_sdk_of_cloudevents_reads_it(verdict: str) -> None:
    told = change(7, verdict, before="")
    read = from_http_event(HTTPMessage({"content-type": CONTENT_TYPE}, cloud_event(told)))

    assert read.get_specversion() == "1.0"
    assert read.get_id() == f"{7:032x}"
    assert read.get_source() == "hallmark/qoa"
    assert read.get_type() == f"hallmark.verdict.{verdict}"
    assert read.get_subject() == "acme/flights"
    assert read.get_time() == datetime.fromtimestamp(NOW_NS / 1e9 + 60, UTC)
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == change_to_dict(told)
    assert read.get_data()["before"] is None
    assert read.get_data()["blame"]["name"] == "inference"


def test_the_sdk_reads_what_rabbitmq_gets() -> None:
    message = message_of(change(7))
    properties = message.properties
    read = from_rabbitmq_event(RabbitMQMessage(properties.headers or {}, properties.content_type, message.body))

    assert (read.get_id(), read.get_type()) == (properties.message_id, properties.type)


def test_the_same_change_is_the_same_event() -> None:
    assert cloud_event(change(1)) == cloud_event(change(1))


def test_what_json_has_no_number_for_is_text() -> None:
    verdict = WindowVerdict(observed=float("inf"), threshold=float("nan"), reasons=["größer als erlaubt"])
    data = json.loads(cloud_event(VerdictChange(id="1", verdict=verdict)))["data"]

    assert (data["observed"], data["threshold"], data["reasons"]) == ("Infinity", "NaN", ["größer als erlaubt"])
