"""What every store must do, run against each of them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common import attributes
from hallmark_qoa.combine import Combined, combine
from hallmark_qoa.derive import derive
from hallmark_qoa.facts import SpanFacts, SpanGroup
from hallmark_qoa.stores.base import Batch, Cursor, Filter, JournalEntry, Store, StoreError
from hallmark_qoa.stores.sqlite import SqliteStore

SERVER = 2


def prediction(number: int, trace: int = 0) -> str:
    return f"{trace or number:032x}-{number:016x}"


def stage(number: int, start_ns: int = 0, *, trace: int = 0, name: str = "web", model: str = "m", status: str = "OK",
          consumer: str = "c") -> SpanFacts:  # fmt: skip
    identity = prediction(number, trace)
    span_id = identity[33:] if name == "web" else f"{number + 2**32 * len(name):016x}"
    facts = ((attributes.MODEL, model), (attributes.STATUS, status))
    start_ns = start_ns or number
    return SpanFacts(identity, span_id, "", name, "x", SERVER, start_ns, start_ns + 9, name, "", consumer, facts)


def group(*spans: SpanFacts) -> SpanGroup:
    return SpanGroup(spans[0].prediction, spans)


@pytest.fixture(params=["sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = {"sqlite": lambda: SqliteStore.open(tmp_path / "qoa.sqlite3")}
    one = await opened[request.param]()
    yield one
    await one.close()


async def put(store: Store, *spans: SpanFacts) -> list[str]:
    changes = await store.commit(Batch([group(span) for span in spans]), combine)
    return [change.outcome for change in changes]


async def walk(store: Store, which: Filter, size: int) -> list[str]:
    found, after = [], None
    while True:
        page = await store.page(which, size, after)
        assert len(page.records) <= size
        found += [record.prediction_id for record in page.records]
        if page.next is None:
            return found
        after = page.next


async def test_record_is_kept_as_derived(store: Store) -> None:
    span = stage(1)
    assert await put(store, span) == ["stored"]
    assert await store.get(prediction(1)) == derive(prediction(1), [span])
    assert await store.get(prediction(2)) is None


async def test_spans_join_those_that_were_stored(store: Store) -> None:
    spans = [stage(1), stage(1, name="preprocess"), stage(1, name="inference")]
    assert [await put(store, span) for span in spans] == [["stored"], ["updated"], ["updated"]]
    assert await store.get(prediction(1)) == derive(prediction(1), spans)
    assert await put(store, spans[0]) == ["unchanged"]


async def test_several_groups_of_one_prediction_in_one_batch(store: Store) -> None:
    spans = [stage(1), stage(1, name="preprocess")]
    assert await put(store, *spans) == ["stored", "updated"]
    assert await store.get(prediction(1)) == derive(prediction(1), spans)


async def test_concurrent_commits_lose_no_span(store: Store) -> None:
    spans = [stage(1), stage(1, name="preprocess"), stage(1, name="inference")]
    await asyncio.gather(*(put(store, span) for span in spans))
    assert await store.get(prediction(1)) == derive(prediction(1), spans)


async def test_batch_larger_than_one_statement_takes(store: Store) -> None:
    spans = [stage(number) for number in range(1, 1202)]
    assert set(await put(store, *spans)) == {"stored"}
    assert set(await put(store, *spans)) == {"unchanged"}


async def test_commit_is_all_or_nothing(store: Store) -> None:
    await put(store, stage(1))
    await store.commit(Batch(entry=JournalEntry(1, b"a")), combine)

    def fails_at_the_second(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        if one.prediction == prediction(3):
            raise RuntimeError("on purpose")
        return combine(stored, one)

    batch = Batch([group(stage(2)), group(stage(3))], JournalEntry(2, b"b"), [1])
    with pytest.raises(RuntimeError, match="on purpose"):
        await store.commit(batch, fails_at_the_second)
    assert await store.get(prediction(2)) is None
    assert await store.journal() == [JournalEntry(1, b"a")]
    assert await put(store, stage(2)) == ["stored"]


async def test_commit_that_fails_after_writing_records_leaves_none(store: Store) -> None:
    unusable: Any = None
    with pytest.raises(Exception, match="NOT NULL"):
        await store.commit(Batch([group(stage(1))], JournalEntry(1, unusable)), combine)
    assert await store.get(prediction(1)) is None
    assert await put(store, stage(1)) == ["stored"]


async def test_journal_keeps_what_is_not_settled(store: Store) -> None:
    for number in (2, 1, 3):
        await store.commit(Batch(entry=JournalEntry(number, bytes([number]))), combine)
    await store.commit(Batch(settled=[2, 99]), combine)
    assert await store.journal() == [JournalEntry(1, b"\x01"), JournalEntry(3, b"\x03")]


async def test_predictions_of_a_trace(store: Store) -> None:
    await put(store, *(stage(number, trace=7) for number in (3, 1, 2)), stage(4, trace=8), stage(5, trace=6))
    assert await store.predictions_of(f"{7:032x}", 9) == [prediction(n, 7) for n in (1, 2, 3)]
    assert len(await store.predictions_of(f"{7:032x}", 2)) == 2
    assert await store.predictions_of(f"{9:032x}", 9) == []


async def test_pages_are_newest_first_then_by_prediction(store: Store) -> None:
    await put(store, stage(1, 50), stage(2, 60), stage(3, 50), stage(4, 40), stage(5, 50))
    expected = [prediction(n) for n in (2, 1, 3, 5, 4)]
    for size in (1, 2, 3, 5, 10):
        assert await walk(store, Filter(), size) == expected


async def test_pages_are_complete_and_stable_while_records_come(store: Store) -> None:
    old = [stage(number, 100 + number // 3) for number in range(1, 31)]
    await put(store, *old)
    expected = await walk(store, Filter(), 1000)
    found: list[str] = []
    after: Cursor | None = None
    number = 100
    while True:
        page = await store.page(Filter(), 4, after)
        found += [record.prediction_id for record in page.records]
        await put(store, stage(number, 1000 + number), stage(number + 1, 1000 + number))
        number += 2
        if page.next is None:
            break
        after = page.next
    assert found == expected


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Filter(), {1, 2, 3, 4}),
        (Filter(consumer="acme"), {1, 2}),
        (Filter(model="digits"), {1, 3}),
        (Filter(status="INTERNAL"), {2}),
        (Filter(from_ns=20), {2, 3, 4}),
        (Filter(before_ns=20), {1}),
        (Filter(from_ns=20, before_ns=40), {2, 3}),
        (Filter(consumer="acme", model="digits", status="OK", from_ns=10, before_ns=11), {1}),
        (Filter(consumer="' OR 1=1 --"), set()),
    ],
)
async def test_filters(store: Store, which: Filter, expected: set[int]) -> None:
    await put(
        store,
        stage(1, 10, consumer="acme", model="digits"),
        stage(2, 20, consumer="acme", model="flights", status="INTERNAL"),
        stage(3, 30, consumer="other", model="digits"),
        stage(4, 40, consumer="other", model="flights"),
    )
    assert set(await walk(store, which, 1)) == {prediction(n) for n in expected}


async def test_removal_is_bounded_and_takes_the_old_only(store: Store) -> None:
    await put(store, *(stage(number, number) for number in range(1, 11)))
    assert [await store.delete_before(8, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert await walk(store, Filter(), 100) == [prediction(n) for n in (10, 9, 8)]


async def test_removed_prediction_can_come_again(store: Store) -> None:
    await put(store, stage(1))
    await store.delete_before(10**18, 10)
    assert await put(store, stage(1)) == ["stored"]


async def test_sqlite_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "below" / "qoa.sqlite3"
    first = await SqliteStore.open(path)
    await put(first, stage(1))
    await first.close()
    second = await SqliteStore.open(path)
    assert isinstance(await second.get(prediction(1)), QualityRecord)
    await second.close()


def write_garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def write_newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (999);")
    connection.close()


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [write_garbage, write_newer, make_folder])
async def test_sqlite_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = tmp_path / "qoa.sqlite3"
    spoil(path)
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"HALLMARK_STATE_DIR: cannot use {path}: ")


async def test_state_dir_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="HALLMARK_STATE_DIR"):
        await SqliteStore.open(tmp_path / "state" / "qoa.sqlite3")
