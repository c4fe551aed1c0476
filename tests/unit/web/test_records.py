"""Quality records over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1 import qoa_pb2, quality_pb2
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_common.errors import invalid
from hallmark_common.records import record_to_dict
from hallmark_web.records import watch_events
from tests.support.waiting import SOON_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORD = quality_pb2.QualityRecord(
    prediction_id="4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    consumer="ops",
    model=quality_pb2.Model(name="flights", version="1", variant="default"),
    status="OK",
    complete=True,
)


async def test_one_record(web: Any, qoa: Any) -> None:
    qoa.records.append(RECORD)

    response = await web.http.get(f"/v1/records/{RECORD.prediction_id}")

    assert response.status_code == 200
    assert response.json() == record_to_dict(RECORD)


@pytest.mark.usefixtures("qoa")
async def test_no_such_record(web: Any) -> None:
    response = await web.http.get("/v1/records/no-such")

    assert response.status_code == 404
    assert response.json()["error"]["field"] == "record"


async def test_a_page_of_records_with_every_filter(web: Any, qoa: Any) -> None:
    qoa.records.append(RECORD)
    query = {
        "consumer": "ops",
        "model": "flights",
        "status": "OK",
        "started_from": "2013-07-01T00:00:00Z",
        "started_before": "2013-07-02T00:00:00+02:00",
        "page_size": "7",
        "page_token": "abc",
    }

    response = await web.http.get("/v1/records", params=query)

    assert response.json() == {"records": [record_to_dict(RECORD)], "next_page_token": "more"}
    (asked,) = qoa.listed
    assert (asked.filter.consumer, asked.filter.model, asked.filter.status) == ("ops", "flights", "OK")
    assert asked.filter.started_from.ToJsonString() == "2013-07-01T00:00:00Z"
    assert asked.filter.started_before.ToJsonString() == "2013-07-01T22:00:00Z"
    assert (asked.page_size, asked.page_token) == (7, "abc")


@pytest.mark.parametrize("field", ["status", "started_from", "started_before"])
async def test_a_filter_that_the_engine_refuses_is_named_as_in_the_query(web: Any, qoa: Any, field: str) -> None:
    qoa.refusal = invalid(f"filter.{field}", "another", "'this'")

    response = await web.http.get("/v1/records")

    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["field"], error["expected"], error["got"]) == (field, "another", "'this'")
    assert error["message"] == f"{field}: expected another, got 'this'"


async def test_without_filters_none_is_set(web: Any, qoa: Any) -> None:
    await web.http.get("/v1/records")

    assert qoa.listed[0].filter == qoa_pb2.RecordFilter()


@pytest.mark.parametrize("path", ["/v1/records", "/v1/records/x", "/v1/records:watch"])
async def test_without_an_engine_a_503_says_so_and_predictions_go_on(own_web: Any, path: str) -> None:
    async with own_web(qoa_target="127.0.0.1:1") as own:
        response = await own.web.http.get(path)
        prediction = await own.web.http.post("/v1/models/m:predict", json={"instances": [1]})

    assert response.status_code == 503
    assert response.json()["error"]["message"].startswith("qoa cannot be reached")
    assert prediction.status_code == 200


class Watch:
    """A client of server-sent events."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def block(self) -> list[str]:
        """The next lines up to an empty one; empty at the end of the stream."""
        found: list[str] = []
        async with asyncio.timeout(SOON_S):
            async for line in self._lines:
                if not line:
                    break
                found.append(line)
        return found


@asynccontextmanager
async def watch(web: Any, query: str = "") -> AsyncIterator[Watch]:
    async with web.http.stream("GET", f"/v1/records:watch{query}") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Watch(response.aiter_lines())


async def test_records_and_missed_ones_are_followed(web: Any, qoa: Any) -> None:
    async with watch(web, "?consumer=ops&model=flights") as following:
        assert await following.block() == [": watching"]
        # The engine watched before the answer began, so nothing from now on is lost.
        assert qoa.watching == 1
        await qoa.events.put(qoa_pb2.WatchRecordsResponse(record=RECORD))
        await qoa.events.put(qoa_pb2.WatchRecordsResponse(missed=17))
        name, data = await following.block()
        assert name == "event: record"
        assert json.loads(data.removeprefix("data: ")) == record_to_dict(RECORD)
        assert await following.block() == ["event: missed", 'data: {"count": 17}']

    assert qoa.watched[0].filter == qoa_pb2.RecordFilter(consumer="ops", model="flights")
    await eventually(lambda: qoa.watching == 0)


async def test_an_idle_watch_is_kept_alive(web: Any, qoa: Any) -> None:
    async with grpc.aio.insecure_channel(web.runtime.settings.target("qoa")) as channel:
        call = QoaServiceStub(channel).WatchRecords(qoa_pb2.WatchRecordsRequest())
        events = watch_events(call, asyncio.Event(), heartbeat_s=0.01)
        assert [await anext(events) for _ in range(3)] == [": watching\n\n", ": alive\n\n", ": alive\n\n"]
        await events.aclose()
        await eventually(lambda: qoa.watching == 0)


async def test_a_drain_ends_a_watch(own_web: Any) -> None:
    async with own_web(drain_timeout_s=30) as own, watch(own.web) as following:
        assert await following.block() == [": watching"]
        own.web.runtime.draining.set()

        assert await following.block() == []


async def test_a_lost_engine_ends_a_watch(own_web: Any) -> None:
    async with own_web() as own:
        gone = asyncio.Event()

        async def lost() -> Any:
            await gone.wait()
            raise RuntimeError("gone")

        own.qoa.events.get = lost
        async with watch(own.web) as following:
            assert await following.block() == [": watching"]
            gone.set()
            assert await following.block() == []
