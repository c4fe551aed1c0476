"""The engine acknowledges after the commit, loses nothing when the store fails, and accounts for every span."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.combine import combine
from hallmark_qoa.engine import Engine
from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.merge import MAX_SPANS
from hallmark_qoa.sources.base import Receipt
from hallmark_qoa.stores.base import Batch, Filter
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.watch import Watchers
from tests.support.waiting import eventually


class GatedStore(SqliteStore):
    """A SQLite store whose commits wait at a gate, or fail."""

    gate: asyncio.Event | None = None
    fails = False

    async def commit(self, batch: Batch, combine: Any) -> Any:
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise OSError("disk full")
        return await super().commit(batch, combine)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@contextlib.asynccontextmanager
async def gated(path: Path, **options: Any) -> Any:
    store = await GatedStore.open(path)
    clock = Clock()
    assembler = Assembler(idle_timeout_s=5.0, max_pending_spans=options.pop("max_pending_spans", 1000))
    engine = Engine(store, assembler, Watchers(10), clock=clock, **options)
    try:
        yield engine, store, clock
    finally:
        await store.close()


async def test_answer_waits_for_the_commit(otlp: Any, tmp_path: Path) -> None:
    async with gated(tmp_path / "q.sqlite3") as (engine, store, _):
        store.gate = asyncio.Event()
        delivery = asyncio.create_task(engine.deliver(otlp.request(otlp.prediction())))
        await asyncio.sleep(0.02)
        assert not delivery.done()
        store.gate.set()
        assert await delivery == Receipt()
        assert (await store.page(Filter(), 5)).records


async def test_too_many_batches_in_flight_are_told_to_come_again(otlp: Any, tmp_path: Path) -> None:
    async with gated(tmp_path / "q.sqlite3", max_in_flight=2) as (engine, store, _):
        store.gate = asyncio.Event()
        requests = [otlp.request(otlp.prediction(n + 1)) for n in range(3)]
        first = [asyncio.create_task(engine.deliver(request)) for request in requests[:2]]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(HallmarkError) as caught:
            await engine.deliver(requests[2])
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "OVERLOADED")
        store.gate.set()
        await asyncio.gather(*first)
        await engine.deliver(requests[2])
        assert engine.counters.records["stored"] == 3


async def test_store_that_fails_loses_nothing(otlp: Any, tmp_path: Path) -> None:
    request = otlp.request(otlp.prediction())
    async with gated(tmp_path / "q.sqlite3") as (engine, store, clock):
        store.fails = True
        with pytest.raises(HallmarkError) as caught:
            await engine.deliver(request)
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_FAILED")
        assert "disk full" not in caught.value.message
        store.fails = False
        clock.now_s = 6.0
        await engine.tick()
        assert engine.counters.records == {"failed": 1, "stored": 1}


async def test_caller_that_gives_up_takes_nothing_with_it(otlp: Any, tmp_path: Path) -> None:
    async with gated(tmp_path / "q.sqlite3") as (engine, store, _):
        store.gate = asyncio.Event()
        delivery = asyncio.create_task(engine.deliver(otlp.request(otlp.prediction())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)
        store.gate.set()
        await eventually(lambda: engine.counters.records["stored"] == 1)


async def test_drain_stores_what_is_under_way_and_what_waits(otlp: Any, tmp_path: Path) -> None:
    async with gated(tmp_path / "q.sqlite3") as (engine, store, _):
        await engine.deliver(otlp.request(otlp.prediction(1)[:1]))
        store.gate = asyncio.Event()
        under_way = asyncio.create_task(engine.deliver(otlp.request(otlp.prediction(2))))
        drain = asyncio.create_task(engine.drain())
        await asyncio.sleep(0.01)
        store.gate.set()
        await asyncio.gather(under_way, drain)
        assert {record.complete for record in (await store.page(Filter(), 5)).records} == {True, False}
        assert await store.journal() == []


async def test_malformed_spans_are_named_in_the_receipt(otlp: Any, bench: Any, tmp_path: Path) -> None:
    service, span = otlp.prediction()[0]
    span.end_time_unix_nano = 1
    async with bench(tmp_path / "q.sqlite3") as one:
        assert await one.engine.deliver(otlp.request([(service, span)])) == Receipt(
            1, "malformed spans: 1 with an unusable time"
        )


async def test_old_records_are_removed(otlp: Any, bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        for trace in range(1, 4):
            await one.engine.deliver(otlp.request(otlp.prediction(trace)))
        started_ns = otlp.prediction()[0][1].start_time_unix_nano
        await one.engine.remove_before(started_ns)
        assert len(await one.stored()) == 3
        await one.engine.remove_before(started_ns + 1)
        assert await one.stored() == []
        assert one.engine.counters.records["removed"] == 3


async def test_the_oldest_records_are_removed_from_a_store_that_is_too_large(
    otlp: Any, bench: Any, tmp_path: Path
) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        for trace in range(1, 40):
            await one.engine.deliver(otlp.request(otlp.prediction(trace)))
        await one.engine.remove_beyond(2**30)
        assert len(await one.stored()) == 39
        await one.engine.remove_beyond(0)
        assert await one.stored() == []
        assert one.engine.counters.records["removed"] == 39


async def test_watchers_see_stored_and_changed_records_only(otlp: Any, bench: Any, tmp_path: Path) -> None:
    *spans, late = otlp.prediction()
    async with bench(tmp_path / "q.sqlite3") as one:
        with one.watchers.watching(Filter()) as watcher:
            for request in (spans, spans, [late], [late]):
                await one.engine.deliver(otlp.request(request))
            one.watchers.end()
            seen = [event async for event in watcher.events()]
        assert [len(record.stages[-1].steps) for record in seen] == [0, 1]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_span_is_accounted_for(data: st.DataObject, otlp: Any, bench: Any, tmp_path_factory: Any) -> None:
    shapes = data.draw(st.lists(st.sampled_from(otlp.SHAPES), min_size=1, max_size=5))
    spans = [span for i, shape in enumerate(shapes) for span in otlp.prediction(i + 1, 0x10, shape)]
    spans += unusable(otlp)
    if data.draw(st.booleans()):
        spans += [otlp.span(otlp.name(9, 1), number, 0, 0, 1) for number in range(2, MAX_SPANS + 20)]
    spans += data.draw(st.lists(st.sampled_from(spans), max_size=20))
    spans = data.draw(st.permutations(spans))
    size = data.draw(st.sampled_from([10, 50, 400]))  # at most as many batches as may wait at once
    batches = [spans[start : start + size] for start in range(0, len(spans), size)]
    kept = data.draw(st.lists(st.booleans(), min_size=len(batches), max_size=len(batches)))

    async def run() -> None:
        async with bench(tmp_path_factory.mktemp("q") / "q.sqlite3", max_pending_spans=6) as one:
            deliveries = [
                asyncio.create_task(one.engine.deliver(otlp.request(batch), kept=is_kept))
                for batch, is_kept in zip(batches, kept, strict=True)
            ]
            await asyncio.sleep(0)
            await one.engine.drain()
            await asyncio.gather(*deliveries)
            counts = one.engine.counters.spans
            records = (await one.store.page(Filter(), 99)).records
            assert counts["stored"] == sum([len(await spans_of(one.store, record)) for record in records])
            assert counts["received"] == len(spans)
            assert one.unaccounted() == 0

    asyncio.run(run())


def unusable(otlp: Any) -> list[Any]:
    """One span of no prediction, and one whose times are wrong."""
    service, wrong = otlp.span(otlp.name(8, 1), 1, 0, 0, 1)
    wrong.end_time_unix_nano = 1
    return [("other", Span(name="GET /")), (service, wrong)]


async def test_meter_shows_what_waits_and_what_became_of_spans(otlp: Any, bench: Any, tmp_path: Path) -> None:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    async with bench(tmp_path / "q.sqlite3") as one:
        one.engine.counters.observe(meter)
        await one.engine.deliver(otlp.request(otlp.prediction(1)))
        delivery = asyncio.create_task(one.engine.deliver(otlp.request(otlp.prediction(2)[:2]), kept=True))
        await asyncio.sleep(0)
        assert observed(reader, attributes.METRIC_QOA_WAITING_SPANS) == {None: 2}
        assert observed(reader, attributes.METRIC_QOA_BATCHES) == {None: 1}
        await one.engine.drain()
        await delivery
        spans = len(otlp.prediction()) + 2
        assert observed(reader, attributes.METRIC_QOA_SPANS) == {"received": spans, "stored": spans}
        assert observed(reader, attributes.METRIC_QOA_WAITING_SPANS) == {None: 0}
        assert observed(reader, attributes.METRIC_QOA_BATCHES) == {None: 0}


def observed(reader: InMemoryMetricReader, name: str) -> dict[Any, Any]:
    """The values of a metric by outcome."""
    data = reader.get_metrics_data()
    assert data is not None
    metrics = [metric for one in data.resource_metrics for scope in one.scope_metrics for metric in scope.metrics]
    (found,) = [metric for metric in metrics if metric.name == name]
    return {(point.attributes or {}).get("outcome"): point.value for point in found.data.data_points}  # type: ignore[union-attr]


async def spans_of(store: SqliteStore, record: Any) -> tuple[Any, ...]:
    """The stored spans of a record, as a commit is shown them."""
    seen = []

    def spy(stored: Any, group: Any) -> Any:
        seen.append(stored)
        return combine(stored, SpanGroup(group.prediction, stored))

    await store.commit(Batch([SpanGroup(record.prediction_id, ())]), spy)
    return seen[0]


async def test_request_without_a_span_is_fine(bench: Any, tmp_path: Path) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        assert await one.engine.deliver(b"") == Receipt()
