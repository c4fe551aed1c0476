"""Folds replace those before only where nothing has changed meanwhile, and are found by window, series and segment."""

import itertools
from dataclasses import replace

import pytest

from hallmark_qoa.stores.base import Due, Store, Windows
from tests.support.records import DAY_NS, NOW_NS, OpenStore, put, stage
from tests.support.windows import S, dues, fold, fold_of, keep, kept, starts

T0 = NOW_NS // S


async def marked(store: Store, *seconds: int, consumer: str = "c", model: str = "m") -> list[Due]:
    """Marks of windows that a record of each of these seconds has made."""
    trace = int.from_bytes(f"{consumer}{model}".encode())
    spans = [stage(T0 + second, NOW_NS + second * S, trace=trace, consumer=consumer, model=model) for second in seconds]
    await put(store, *spans)
    return [due for due in await dues(store) if (due.consumer, due.model) == (consumer, model)]


async def test_folds_are_kept_as_they_were_put(store: Store) -> None:
    (due,) = await marked(store, 0)
    folds = [
        fold_of(due, b"\x00\xff", segment="carrier=UA"),
        fold_of(due, b"1", variant="a", version="2"),
        fold_of(due, b"2", variant="a", version="1"),
        fold_of(due, b"", variant=""),
    ]
    assert await store.put_folds(due, folds, 60)
    assert await store.folds(Windows(10)) == [folds[3], folds[2], folds[1], folds[0]]
    assert await store.folds(Windows(60)) == []


async def test_mark_goes_and_others_come(store: Store) -> None:
    (due,) = await marked(store, 20)
    assert await store.put_folds(due, [fold_of(due, b"1")], 60)
    found = [(one.task, one.size_s, one.start_ns // S) for one in await store.due(9)]
    assert found == [("judge", 10, T0 + 20), ("fold", 60, T0 + 20 - (T0 + 20) % 60)]


async def test_largest_size_marks_none(store: Store) -> None:
    (due,) = await marked(store, 0)
    assert await store.put_folds(due, [fold_of(due, b"1")], None)
    assert [one.task for one in await store.due(9)] == ["judge"]


async def test_folds_that_are_the_same_mark_nothing(store: Store) -> None:
    (due,) = await marked(store, 0)
    folds = [fold_of(due, b"1"), fold_of(due, b"2", segment="a=b")]
    await store.put_folds(due, folds, None)
    (judged,) = await dues(store, "judge")
    assert await store.put_verdicts(judged, [], [])
    (due,) = await marked(store, 1)
    assert await store.put_folds(due, folds[::-1], 60)
    assert await store.due(9) == []


async def test_folds_replace_those_before(store: Store) -> None:
    (due,) = await marked(store, 0)
    await store.put_folds(due, [fold_of(due, b"1"), fold_of(due, b"2", segment="a=b")], None)
    (due,) = await marked(store, 1)
    assert await store.put_folds(due, [fold_of(due, b"1")], None)
    assert [one.aggregate for one in await store.folds(Windows(10))] == [b"1"]
    (due,) = await marked(store, 2)
    assert await store.put_folds(due, [], None)
    assert await store.folds(Windows(10)) == []
    assert await starts(store, "judge") == [T0]


async def test_window_that_changed_is_not_written(store: Store) -> None:
    (due,) = await marked(store, 0)
    (later,) = await marked(store, 1)
    assert not await store.put_folds(due, [fold_of(due, b"1")], 60)
    assert await store.folds(Windows(10)) == []
    assert await store.due(9) == [later]
    assert await store.put_folds(later, [fold_of(later, b"1")], 60)
    assert not await store.put_folds(later, [fold_of(later, b"2")], 60)
    assert [one.aggregate for one in await store.folds(Windows(10))] == [b"1"]


async def test_mark_of_another_window_or_task_is_no_leave(store: Store) -> None:
    (due,) = await marked(store, 0)
    others = [
        replace(due, start_ns=due.start_ns + 10 * S),
        replace(due, size_s=60),
        replace(due, model="other"),
        replace(due, consumer="other"),
        replace(due, task="judge"),
    ]
    for other in others:
        assert not await store.put_folds(other, [fold_of(other, b"1")], None)
    assert await store.due(9) == [due]


async def test_larger_windows_follow_smaller_ones(store: Store) -> None:
    await put(store, *(stage(number, NOW_NS + number * 9 * S) for number in range(1, 21)))
    await keep(store)
    for size_s in (10, 60, 3600):
        windows = await kept(store, size_s)
        assert sorted(int(name) for names in windows.values() for name in names) == list(range(1, 21))
        assert all(start % size_s == 0 for start in windows)
    assert await store.due(9) == []


@pytest.fixture
async def many(store: Store) -> Store:
    """Windows of two consumers and two models, with two segments each."""
    for consumer, model in itertools.product(("a", "b"), ("m", "n")):
        for due in await marked(store, 0, 10, 20, 30, consumer=consumer, model=model):
            folds = [fold_of(due, b"1"), fold_of(due, b"1", segment="k=v")]
            await store.put_folds(due, folds if due.start_ns > NOW_NS else folds[:1], None)
    return store


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Windows(10), 28),
        (Windows(60), 0),
        (Windows(10, model="m"), 14),
        (Windows(10, consumer="a"), 14),
        (Windows(10, "m", "a"), 7),
        (Windows(10, "m", "a", NOW_NS + 10 * S), 6),
        (Windows(10, "m", "a", NOW_NS + 10 * S, NOW_NS + 20 * S), 2),
        (Windows(10, before_ns=NOW_NS + 10 * S), 4),
        (Windows(10, segment=""), 16),
        (Windows(10, "m", segment="k=v"), 6),
        (Windows(10, last=1), 8),
        (Windows(10, "m", "a", last=3), 6),
        (Windows(10, before_ns=NOW_NS + 20 * S, last=1), 8),
        (Windows(10, segment="k=v", last=4), 12),
        (Windows(10, segment="no", last=4), 0),
        (Windows(10, last=100), 28),
        (Windows(10, model="' OR 1=1 --"), 0),
        (Windows(10, from_ns=-(2**63), before_ns=2**63 - 1), 28),
    ],
)
async def test_filters(many: Store, which: Windows, expected: int) -> None:
    found = await many.folds(which)
    assert len(found) == expected
    keys = [(one.start_ns, one.consumer, one.model, one.variant, one.version, one.segment) for one in found]
    assert keys == sorted(set(keys))


async def test_last_windows_are_those_that_hold_something(store: Store) -> None:
    for due in await marked(store, 0, 10, 20, 30):
        await store.put_folds(due, [fold_of(due, b"1")] if due.start_ns < NOW_NS + 15 * S else [], None)
    assert [one.start_ns - NOW_NS for one in await store.folds(Windows(10, last=1))] == [10 * S]


async def test_removal_takes_what_was_written_long_ago(open_store: OpenStore) -> None:
    now_ns = NOW_NS
    store = await open_store(now_ns=lambda: now_ns)
    await put(store, *(stage(number, NOW_NS, event_ns=number * 10 * S) for number in range(1, 6)))
    await keep(store)
    now_ns += DAY_NS
    await put(store, stage(6, NOW_NS, event_ns=10 * S), stage(7, NOW_NS, event_ns=60 * S))
    await keep(store)
    assert [await store.delete_folds_before(10, NOW_NS + 1, 3) for _ in range(3)] == [3, 1, 0]
    assert await kept(store, 10) == {10: ["1", "6"], 60: ["7"]}
    assert await kept(store, 60) == {0: ["1", "2", "3", "4", "5", "6"], 60: ["7"]}


async def test_larger_windows_stay_when_smaller_ones_were_removed(open_store: OpenStore) -> None:
    store = await open_store()
    await put(store, stage(1, NOW_NS, event_ns=10 * S), stage(2, NOW_NS, event_ns=70 * S))
    await keep(store)
    await store.delete_folds_before(10, NOW_NS + 1, 9)
    await put(store, stage(3, NOW_NS, event_ns=20 * S), stage(4, NOW_NS, event_ns=130 * S))
    await keep(store)
    assert await kept(store, 10) == {20: ["3"], 130: ["4"]}
    assert await kept(store, 60) == {0: ["1"], 60: ["2"], 120: ["4"]}
    assert await kept(store, 3600) == {0: ["1", "2", "4"]}


async def test_window_that_was_removed_is_made_anew_from_all_that_is_stored(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    await keep(store)
    await put(store, stage(2, NOW_NS))
    (due,) = await dues(store)
    assert await store.delete_folds_before(10, NOW_NS + 1, 9) == 1
    assert await fold(store, due)
    await put(store, stage(3, NOW_NS))
    await keep(store)
    assert await kept(store, 10) == {T0: ["1", "2", "3"]}
