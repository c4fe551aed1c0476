"""What becomes ready while the store is busy goes into it together."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark_common.errors import HallmarkError
from hallmark_qoa.combine import combine
from hallmark_qoa.decode import decode
from hallmark_qoa.engine import GROUPS_PER_COMMIT
from hallmark_qoa.retry import MIN_PAUSE_S
from hallmark_qoa.stores.base import Batch, Change, Combine, JournalEntry
from hallmark_qoa.stores.sqlite.store import SqliteStore


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of groups of each commit."""
    found: list[int] = []
    commit = SqliteStore.commit

    async def spy(self: SqliteStore, batch: Batch, combine: Combine) -> list[Change]:
        found.append(len(batch.groups))
        return await commit(self, batch, combine)

    monkeypatch.setattr(SqliteStore, "commit", spy)
    return found


async def test_batches_that_come_meanwhile_share_one_commit(
    otlp: Any, bench: Any, tmp_path: Path, sizes: list[int]
) -> None:
    async with bench(tmp_path / "q.sqlite3") as one:
        first = asyncio.create_task(one.engine.deliver(otlp.request(otlp.prediction(1))))
        while not sizes:
            await asyncio.sleep(0)
        rest = [otlp.request(otlp.prediction(trace)) for trace in range(2, 12)]
        await asyncio.gather(first, *(one.engine.deliver(request) for request in rest))
        assert sizes == [1, 10]
        assert len(await one.stored()) == 11


async def test_commit_is_bounded(otlp: Any, bench: Any, tmp_path: Path, sizes: list[int]) -> None:
    predictions = range(1, 2 * GROUPS_PER_COMMIT + 2)
    async with bench(tmp_path / "q.sqlite3") as one:
        for trace in predictions:
            one.assembler.add(decode(otlp.request(otlp.prediction(trace)[1:2])).spans, 0.0)
        await one.engine.drain()
        assert sizes == [GROUPS_PER_COMMIT, GROUPS_PER_COMMIT, 1]


async def test_waiting_spans_of_several_batches_survive_a_kill(otlp: Any, bench: Any, tmp_path: Path) -> None:
    predictions = [otlp.prediction(trace) for trace in range(1, 9)]
    async with bench(tmp_path / "q.sqlite3") as one:
        await asyncio.gather(*(one.engine.deliver(otlp.request(spans[:3])) for spans in predictions))
        assert len(await one.store.journal()) == 1
        await one.kill()
        await one.start()
        assert one.engine.counters.spans == {"replayed": 24}
        await asyncio.gather(*(one.engine.deliver(otlp.request(spans[3:])) for spans in predictions))
        assert one.engine.counters.records == {"stored": 8}
        assert await one.store.journal() == []


async def test_journal_is_empty_after_a_failure_is_over(otlp: Any, bench: Any, tmp_path: Path) -> None:
    spans = otlp.prediction()
    async with bench(tmp_path / "q.sqlite3") as one:
        await one.engine.deliver(otlp.request(spans[:3]))
        assert len(await one.store.journal()) == 1
        one.store.fails = True
        with pytest.raises(HallmarkError):
            await one.engine.deliver(otlp.request(spans[3:]))
        one.store.fails = False
        assert len(await one.store.journal()) == 1
        one.now_s += MIN_PAUSE_S
        await one.engine.tick()
        assert one.engine.counters.records == {"failed": 1, "stored": 1}
        assert await one.store.journal() == []


async def test_journal_entry_that_nobody_can_use_goes(otlp: Any, bench: Any, tmp_path: Path) -> None:
    unusable = otlp.request([("other", Span(name="GET /"))])
    async with bench(tmp_path / "q.sqlite3") as one:
        await one.store.commit(Batch(entry=JournalEntry(7, unusable)), combine)
        await one.kill()
        await one.start()
        assert await one.store.journal() == []
        await one.engine.deliver(otlp.request(otlp.prediction()[:2]))
        assert [entry.id for entry in await one.store.journal()] == [8]
