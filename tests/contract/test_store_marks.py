"""Commits mark the windows in which they change something; whatever the order, the windows come out the same."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hallmark_qoa.combine import combine
from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.stores.base import Batch, Due, Store, TruthTold
from tests.support.records import DAY_NS, NOW_NS, OpenStore, group, prediction, put, stage
from tests.support.windows import S, dues, fold, keep, kept, starts

T0 = NOW_NS // S


async def commit(store: Store, *spans: SpanFacts) -> list[bool]:
    """Commit spans, each as a group; which of them were late."""
    changes = await store.commit(Batch([group(span) for span in spans]), combine)
    return [change.late for change in changes]


async def test_window_of_a_stored_record_is_marked(store: Store) -> None:
    assert await store.due(9) == []
    await put(store, stage(1, NOW_NS + 3 * S), stage(2, NOW_NS + 9 * S), stage(3, NOW_NS + 10 * S, model="other"))
    found = await store.due(9)
    assert [(due.start_ns, due.model, due.consumer) for due in found] == [
        (NOW_NS, "m", "c"),
        (NOW_NS + 10 * S, "other", "c"),
    ]
    assert {(due.task, due.size_s, due.changed_ns) for due in found} == {("fold", 10, NOW_NS)}
    assert all(0 <= due.revision < 2**63 for due in found)


async def test_window_is_that_of_the_event_and_not_of_the_start(store: Store) -> None:
    events = [0, 9 * S, -1, -10 * S, 1_372_636_800 * S]
    await put(store, *(stage(number, NOW_NS, event_ns=event) for number, event in enumerate(events, start=1)))
    assert await starts(store) == [-10, 0, 1_372_636_800]


async def test_each_change_gives_another_revision(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    (first,) = await dues(store)
    await put(store, stage(1, NOW_NS))
    assert await dues(store) == [first]  # nothing was new
    await put(store, stage(2, NOW_NS))
    (second,) = await dues(store)
    assert second.revision != first.revision
    await put(store, stage(1, NOW_NS, name="inference"))
    (third,) = await dues(store)
    assert third.revision not in (first.revision, second.revision)


async def test_record_that_moves_marks_where_it_was_and_where_it_is(store: Store) -> None:
    await put(store, stage(1, NOW_NS + 25 * S, name="inference", consumer="", model="m"))
    await keep(store)
    await put(store, stage(1, NOW_NS + 5 * S, consumer="acme", event_ns=NOW_NS + 45 * S))
    found = [(due.start_ns - NOW_NS, due.consumer) for due in await dues(store)]
    assert found == [(20 * S, "anonymous"), (40 * S, "acme")]
    await keep(store)
    assert await kept(store, 10) == {T0 + 40: ["1"]}
    assert list((await kept(store, 60)).values()) == [["1"]]


async def test_windows_of_other_sizes(open_store: OpenStore) -> None:
    store = await open_store(base_s=3600)
    await put(store, stage(1, NOW_NS))
    assert await starts(store, "fold", 3600) == [T0 - T0 % 3600]


async def test_record_beyond_the_horizon_marks_nothing_and_is_late(open_store: OpenStore) -> None:
    store = await open_store(horizon_ns=DAY_NS)
    in_time, late = stage(1, NOW_NS - DAY_NS), stage(2, NOW_NS - DAY_NS - 1)
    assert await commit(store, in_time, late) == [False, True]
    assert await starts(store) == [(NOW_NS - DAY_NS) // S]
    assert await commit(store, in_time, late) == [False, False]  # nothing changed, so nothing is late


async def test_old_place_is_corrected_where_the_new_one_is_too_old(open_store: OpenStore) -> None:
    store = await open_store(horizon_ns=DAY_NS)
    await put(store, stage(1, NOW_NS, name="inference"))
    await keep(store)
    assert await commit(store, stage(1, NOW_NS - 2 * DAY_NS)) == [True]
    assert await starts(store) == [T0]
    await keep(store)
    assert await kept(store, 10) == {}
    assert await kept(store, 60) == {}


async def test_marks_come_in_order_and_page_by_page(store: Store) -> None:
    consumers = ["b", "a"]
    numbers = itertools.count(1)
    for second, consumer, model in itertools.product((70, 0, 20), consumers, ("n", "m")):
        await put(store, stage(next(numbers), NOW_NS + second * S, consumer=consumer, model=model))
    for due in (await store.due(99))[:6]:
        assert await fold(store, due)
    marked = await store.due(99)
    order = {"fold": 0, "judge": 1}
    keys = [(due.size_s, order[due.task], due.start_ns, due.model, due.consumer) for due in marked]
    assert keys == sorted(keys)
    assert len(set(keys)) == 6 + 6 + 4
    found: list[Due] = []
    after: Due | None = None
    while some := await store.due(5, after):
        assert len(some) <= 5
        found += some
        after = some[-1]
    assert found == marked


async def test_event_times_that_no_clock_should_say(store: Store) -> None:
    events = [-(2**63), -(2**63) + 1, 2**63 - 1, 2**62]
    await put(store, *(stage(number, NOW_NS, event_ns=event) for number, event in enumerate(events, start=1)))
    marked = await dues(store)
    assert len(marked) == 3
    assert all(due.start_ns >= -(2**63) and due.end_ns < 2**63 for due in marked)
    await keep(store)
    assert sorted(name for names in (await kept(store, 10)).values() for name in names) == ["1", "2", "3", "4"]
    assert await store.latest_event_ns("m", "c") == marked[-1].end_ns - 1


async def test_latest_event_of_a_consumer_and_model(store: Store) -> None:
    assert await store.latest_event_ns("m", "c") is None
    await put(store, stage(1, NOW_NS, event_ns=50), stage(2, NOW_NS, event_ns=20), stage(3, NOW_NS, consumer="d"))
    assert await store.latest_event_ns("m", "c") == 50
    assert await store.latest_event_ns("m", "d") == NOW_NS
    assert await store.latest_event_ns("", "c") is None


async def test_consumers_with_any_name_have_windows(store: Store) -> None:
    names = ["a\0b'\\\U0001f600", "\u4e00" * 256, "' OR 1=1 --", " "]
    await put(store, *(stage(n, NOW_NS, consumer=name, model=name) for n, name in enumerate(names, start=1)))
    marked = await dues(store)
    assert len(marked) == len(names)
    await keep(store)
    folded = [await kept(store, 3600, model=due.model, consumer=due.consumer) for due in marked]
    assert sorted(name for one in folded for names in one.values() for name in names) == ["1", "2", "3", "4"]


async def test_windows_whose_records_were_removed_stay_as_they_are(open_store: OpenStore) -> None:
    store = await open_store()
    early, late = stage(1, NOW_NS - DAY_NS, event_ns=NOW_NS), stage(2, NOW_NS, event_ns=NOW_NS + S)
    await put(store, early, late)
    await keep(store)
    assert await store.delete_before(NOW_NS, 10) == 1
    assert await commit(
        store, stage(3, NOW_NS, event_ns=NOW_NS + 2 * S), stage(4, NOW_NS, event_ns=NOW_NS + 10 * S)
    ) == [
        True,
        False,
    ]
    await keep(store)
    assert await kept(store, 10) == {T0: ["1", "2"], T0 + 10: ["4"]}
    assert list((await kept(store, 3600)).values()) == [["1", "2", "4"]]


async def test_window_that_was_due_when_its_records_were_removed_stays_as_it_is(store: Store) -> None:
    await put(store, stage(1, NOW_NS - DAY_NS, event_ns=NOW_NS))
    await keep(store)
    await put(store, stage(2, NOW_NS, event_ns=NOW_NS))
    (due,) = await dues(store)
    assert await store.delete_before(NOW_NS, 10) == 1
    assert not await fold(store, due)
    await keep(store)
    assert await kept(store, 10) == {T0: ["1"]}
    assert await store.due(9) == []


async def test_removal_of_everything_seals_every_window(store: Store) -> None:
    spans = [stage(number, NOW_NS + number * S) for number in range(1, 301)]
    await put(store, *spans)
    await keep(store)
    before = await kept(store, 10)
    while await store.delete_before(NOW_NS + DAY_NS, 100):
        pass
    assert all(await commit(store, *spans))
    await keep(store)
    assert await kept(store, 10) == before


async def test_record_that_names_no_model_is_in_no_window(store: Store) -> None:
    nameless, named = stage(1, NOW_NS, model=""), stage(1, NOW_NS + 1, name="inference")
    assert await commit(store, nameless, stage(2, NOW_NS, model="")) == [False, False]
    await store.add_truths([TruthTold(prediction(1), "yes", 5)])
    assert await store.due(9) == []
    assert await commit(store, named) == [False]
    assert await starts(store) == [T0]
    await keep(store)
    assert await kept(store, 10) == {T0: ["1yes"]}
    assert await store.delete_before(NOW_NS + DAY_NS, 9) == 2
    assert await store.delete_folds_before(10, NOW_NS + 1, 9) == 1  # nothing was sealed for the other one


async def test_record_that_names_no_model_is_in_no_window_of_another_size(open_store: OpenStore) -> None:
    store = await open_store(base_s=60)
    await put(store, stage(1, NOW_NS, model=""))
    store = await open_store("another", base_s=10)
    assert await store.due(9) == []


async def test_windows_are_made_anew_where_their_size_changes(open_store: OpenStore) -> None:
    store = await open_store(base_s=60)
    old = stage(8, NOW_NS - 5 * DAY_NS, event_ns=NOW_NS - 3600 * S)
    spans = [stage(number, NOW_NS + number * 7 * S) for number in range(1, 4)]
    await put(store, *spans, old, stage(9, NOW_NS - 7 * DAY_NS))
    for due in await dues(store, "fold", 60):
        assert await store.put_folds(due, [], None)
    assert await store.delete_before(NOW_NS - 5 * DAY_NS + 1, 10) == 2
    store = await open_store("another", base_s=10)
    assert await starts(store, "fold", 10) == [T0, T0 + 10, T0 + 20]
    assert await commit(store, stage(10, NOW_NS, event_ns=NOW_NS - 3600 * S + 1)) == [False]


SPANS = [
    span
    for number in range(1, 5)
    for span in (
        stage(number, NOW_NS + number * 4 * S, event_ns=NOW_NS + number * 70 * S),
        stage(number, NOW_NS + number * 4 * S + 1, name="preprocess", consumer="", model="m"),
        stage(number, NOW_NS + number * 4 * S + 2, name="inference", consumer="", model="m"),
    )
]


@pytest.fixture(scope="module")
def expected() -> dict[int, dict[int, list[str]]]:
    """What windows hold in the end, by size and start."""
    found: dict[int, dict[int, list[str]]] = {10: {}, 60: {}, 3600: {}}
    for number in range(1, 5):
        for size_s, windows in found.items():
            second = T0 + number * 70
            windows.setdefault(second - second % size_s, []).append(str(number))
    return found


@given(order=st.permutations(SPANS), cuts=st.sets(st.integers(1, len(SPANS) - 1), max_size=4), data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_windows_are_the_same_for_every_order_and_split(
    store: Store, expected: dict[int, dict[int, list[str]]], order: Sequence[SpanFacts], cuts: set[int],
    data: st.DataObject,
) -> None:  # fmt: skip
    while await store.delete_before(NOW_NS + DAY_NS, 100):
        pass
    for size_s in (10, 60, 3600):
        await store.delete_folds_before(size_s, NOW_NS + DAY_NS, 1000)
    bounds = [0, *sorted(cuts), len(order)]
    for low, high in itertools.pairwise(bounds):
        await put(store, *order[low:high])
        if data.draw(st.booleans()):
            await keep(store)
    await keep(store)
    for size_s, windows in expected.items():
        assert await kept(store, size_s) == windows
