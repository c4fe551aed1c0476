"""What every store must do, run against each of them."""

import asyncio
from typing import Any

import pytest

from hallmark_qoa.combine import Combined, combine
from hallmark_qoa.derive import derive
from hallmark_qoa.facts import SpanFacts, SpanGroup
from hallmark_qoa.stores.base import Batch, Cursor, Filter, JournalEntry, Store
from tests.support.records import DAY_NS, NOW_NS, OpenStore, group, prediction, put, stage, walk


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


async def test_concurrent_commits_of_two_engines_lose_no_span(open_store: OpenStore) -> None:
    stores = [await open_store("a"), await open_store("b")]
    numbers = range(1, 41)
    names = ["web", "preprocess", "inference"]
    spans = [stage(number, NOW_NS + number, name=name) for name in names for number in numbers]
    halves = [spans[::2], spans[1::2]]
    # Batches of several predictions, in opposite orders, so that each engine holds what the other one wants next.
    batches = [[half[start::4] for start in range(4)] for half in halves]
    batches[1] = [batch[::-1] for batch in batches[1]]
    await asyncio.gather(
        *(put(one, *batch) for one, mine in zip(stores, batches, strict=True) for batch in mine),
    )
    for number in numbers:
        expected = derive(prediction(number), [span for span in spans if span.prediction == prediction(number)])
        for one in stores:
            found = await one.get(prediction(number))
            assert found is not None
            assert found.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)
    assert len(await walk(stores[0])) == len(numbers)


async def test_prediction_stays_one_when_an_earlier_span_moves_its_start_to_another_day(store: Store) -> None:
    late, early = stage(1, NOW_NS, name="preprocess"), stage(1, NOW_NS - 2 * DAY_NS)
    assert [await put(store, span) for span in (late, early)] == [["stored"], ["updated"]]
    assert await store.get(prediction(1)) == derive(prediction(1), [late, early])
    assert await walk(store) == [prediction(1)]
    assert await walk(store, Filter(from_ns=NOW_NS)) == []
    assert await store.predictions_of(prediction(1)[:32], 9) == [prediction(1)]


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
    with pytest.raises(Exception, match=r"(?i)not.null"):
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


async def test_records_of_many_days_are_paged_in_order(store: Store) -> None:
    days = [0, 1, 2, 3, 5, 8, 13, 21, 22, 23, 24, 25, 200, 3000, 9000, 20_000]
    spans = [stage(number, NOW_NS - day * DAY_NS) for number, day in enumerate(days, start=1)]
    await put(store, *spans)
    expected = [prediction(number) for number in range(1, len(days) + 1)]
    for size in (1, 3, 100):
        assert await walk(store, size=size) == expected
    some = Filter(from_ns=NOW_NS - 24 * DAY_NS, before_ns=NOW_NS - 4 * DAY_NS)
    assert await walk(store, some, 2) == expected[4:11]


async def test_times_that_no_clock_should_say(store: Store) -> None:
    starts = [1, 86_399 * 10**9, NOW_NS, NOW_NS + 2 * DAY_NS, 7_258_118_400 * 10**9, 2**63 - 10]
    await put(store, *(stage(number, start) for number, start in enumerate(starts, start=1)))
    assert await walk(store) == [prediction(number) for number in (6, 5, 4, 3, 2, 1)]
    assert await walk(store, Filter(before_ns=-(2**63))) == []
    assert await walk(store, Filter(from_ns=-(2**63), before_ns=2)) == [prediction(1)]


async def test_text_with_any_character(store: Store) -> None:
    consumer = "a\0b'\\\n\U0001f600" + "\u4e00" * 250
    await put(store, stage(1, consumer=consumer, model="\U0001f600" * 256))
    assert await walk(store, Filter(consumer=consumer)) == [prediction(1)]
    assert await walk(store, Filter(model="\U0001f600" * 256)) == [prediction(1)]


async def test_record_that_starts_in_the_future_is_as_old_as_its_arrival(open_store: OpenStore) -> None:
    now_ns = NOW_NS
    store = await open_store(now_ns=lambda: now_ns)
    await put(store, stage(1, NOW_NS + 400 * DAY_NS), stage(2, NOW_NS))
    now_ns += DAY_NS
    await put(store, stage(1, NOW_NS + 400 * DAY_NS, name="preprocess"))  # no reason to keep it longer
    await put(store, stage(3, now_ns + 400 * DAY_NS))
    assert await store.delete_before(NOW_NS, 10) == 0
    assert await store.delete_before(NOW_NS + 1, 10) == 2
    assert await walk(store) == [prediction(3)]
    assert await store.delete_before(now_ns + 1, 10) == 1


async def test_start_in_the_future_that_turns_out_to_be_past(store: Store) -> None:
    await put(store, stage(1, NOW_NS + 400 * DAY_NS, name="preprocess"))
    await put(store, stage(1, NOW_NS - DAY_NS))
    assert await store.delete_before(NOW_NS - DAY_NS, 10) == 0
    assert await store.delete_before(NOW_NS - DAY_NS + 1, 10) == 1


async def test_removal_of_whole_days_counts_every_record(store: Store) -> None:
    spans = [stage(number, NOW_NS - number * DAY_NS // 10) for number in range(1, 61)]
    await put(store, *spans)
    kept = [prediction(number) for number in range(1, 25)]
    removed: list[int] = []
    while not removed or removed[-1] == 7:
        removed.append(await store.delete_before(spans[23].start_ns, 7))
    assert removed == [7, 7, 7, 7, 7, 1]
    assert await walk(store) == kept
    assert await store.get(prediction(25)) is None
    assert await store.predictions_of(prediction(25)[:32], 9) == []


async def test_records_that_come_while_their_day_is_being_removed(store: Store) -> None:
    old = [stage(number, NOW_NS - 3 * DAY_NS + number) for number in range(1, 9)]
    everything = [span.prediction for span in reversed(old)]
    await put(store, *old)
    assert await store.delete_before(NOW_NS - DAY_NS, 3) == 3
    assert "stored" in await put(store, *old)
    assert await walk(store) == everything
    while await store.delete_before(NOW_NS - DAY_NS, 3):
        pass
    assert await walk(store) == []
    assert set(await put(store, *old)) == {"stored"}
    assert await walk(store) == everything


async def test_removal_by_size_takes_the_oldest(store: Store) -> None:
    assert await store.delete_beyond(0, 10) == 0
    spans = [
        stage(number, NOW_NS - number * DAY_NS // 100, model="m" * 256, event_ns=NOW_NS) for number in range(1, 1001)
    ]
    await put(store, *spans)
    assert await store.delete_beyond(2**40, 10) == 0
    max_bytes = 1_200_000
    removed = 0
    while count := await store.delete_beyond(max_bytes, 100):
        assert count <= 100
        removed += count
    left = await walk(store)
    assert left == [prediction(number) for number in range(1, 1001 - removed)]
    assert 100 < len(left) < 900


async def test_removal_by_size_does_not_spare_what_starts_in_the_future(store: Store) -> None:
    await put(store, *(stage(number, NOW_NS - number, model="m" * 256) for number in range(1, 101)))
    await put(store, *(stage(number, NOW_NS + 400 * DAY_NS, model="m" * 256) for number in range(200, 600)))
    while await store.delete_beyond(500_000, 10):
        pass
    # The past ones are a moment older than the arrival of those in the future, so they go first; then these go too.
    assert 0 < len(await walk(store)) < 400


async def test_store_that_is_full_again_and_again_stays_below_its_size(store: Store) -> None:
    max_bytes, sizes = 1_200_000, []
    for turn in range(8):
        spans = [stage(turn * 200 + n, NOW_NS + turn * DAY_NS // 3 + n, model="m" * 256) for n in range(1, 201)]
        await put(store, *spans)
        while await store.delete_beyond(max_bytes, 50):
            pass
        sizes.append(len(await walk(store)))
    assert sizes[0] == 200
    assert sizes[-1] < 1000
    assert sizes[-1] == pytest.approx(sizes[-2], abs=120)
