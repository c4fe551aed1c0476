"""Truths are joined to their predictions, whatever comes first; of several the one observed last holds."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hallmark.qoa.v1.quality_pb2 import Truth
from hallmark_qoa.stores.base import Filter, Store, TruthOutcome, TruthTold
from tests.support.records import DAY_NS, NOW_NS, OpenStore, prediction, put, stage, walk
from tests.support.windows import S, dues, fold, keep, kept, starts

T0 = NOW_NS // S


def told(number: int, value: str = "yes", observed_ns: int = NOW_NS) -> TruthTold:
    return TruthTold(prediction(number), value, observed_ns)


async def truth(store: Store, number: int) -> tuple[str, int] | None:
    """The truth of a stored record."""
    record = await store.get(prediction(number))
    assert record is not None
    if not record.HasField("truth"):
        return None
    return record.truth.value, record.truth.observed_at.ToNanoseconds()


async def test_truth_joins_its_record_and_marks_its_window(store: Store) -> None:
    await put(store, stage(1, NOW_NS), stage(2, NOW_NS + 10 * S))
    await keep(store)
    assert await store.add_truths([told(2)]) == ["joined"]
    assert await truth(store, 2) == ("yes", NOW_NS)
    assert await truth(store, 1) is None
    assert await starts(store) == [T0 + 10]
    await keep(store)
    assert await kept(store, 10) == {T0: ["1"], T0 + 10: ["2yes"]}
    assert list((await kept(store, 60)).values()) == [["1", "2yes"]]


async def test_truth_is_given_wherever_records_are(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    await store.add_truths([told(1, "a\nb \U0001f600", -5 * S + 1)])
    expected = Truth(value="a\nb \U0001f600")
    expected.observed_at.FromNanoseconds(-5 * S + 1)
    found = await store.get(prediction(1))
    assert found is not None
    assert found.truth == expected
    assert (await store.page(Filter(), 5)).records == [found]
    assert await store.observed("m", "c", NOW_NS, NOW_NS + 1) == [found]
    assert [record async for some in store.export(Filter()) for record in some] == [found]
    assert await put(store, stage(1, NOW_NS)) == ["unchanged"]
    assert await put(store, stage(1, NOW_NS, name="inference")) == ["updated"]
    assert await truth(store, 1) == ("a\nb \U0001f600", -5 * S + 1)


async def test_truth_that_is_told_before_its_record_is_stored(store: Store) -> None:
    assert await store.add_truths([told(1)]) == ["waiting"]
    assert await store.due(9) == []
    assert await put(store, stage(1, NOW_NS)) == ["stored"]
    await keep(store)
    assert await kept(store, 10) == {T0: ["1yes"]}
    assert await store.add_truths([told(1), told(1, "no", NOW_NS + 1)]) == ["repeated", "corrected"]


@pytest.mark.parametrize("stored", [True, False])
async def test_of_several_truths_the_one_observed_last_holds(store: Store, stored: bool) -> None:
    first: TruthOutcome = "joined" if stored else "waiting"
    then: TruthOutcome = "corrected" if stored else "waiting"
    if stored:
        await put(store, stage(1, NOW_NS))
    tellings = [told(1, "b", 5), told(1, "b", 5), told(1, "a", 5), told(1, "z", 4), told(1, "c", 5), told(1, "a", 6)]
    expected = [first, "repeated", "superseded", "superseded", then, then]
    for one, outcome in zip(tellings[:3], expected[:3], strict=True):
        assert await store.add_truths([one]) == [outcome]
    assert await store.add_truths(tellings[3:]) == expected[3:]
    if not stored:
        await put(store, stage(1, NOW_NS))
    assert await truth(store, 1) == ("a", 6)


async def test_truth_that_changes_nothing_marks_nothing(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    await store.add_truths([told(1)])
    await keep(store)
    assert await store.add_truths([told(1), told(1, "older", 5)]) == ["repeated", "superseded"]
    assert await store.due(9) == []


@given(order=st.permutations([("b", 5), ("a", 5), ("c", 4), ("a", 5), ("\U0001f600", 5), ("\uffff", 5)]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_truth_is_the_same_for_every_order(store: Store, order: Sequence[tuple[str, int]]) -> None:
    while await store.delete_before(NOW_NS + 1, 9):
        pass
    await put(store, stage(1, NOW_NS))
    for value, observed_ns in order:
        await store.add_truths([told(1, value, observed_ns)])
    assert await truth(store, 1) == ("\U0001f600", 5)


async def test_truth_of_a_prediction_that_is_too_old_is_not_kept(open_store: OpenStore) -> None:
    store = await open_store(horizon_ns=DAY_NS)
    await put(store, stage(1, NOW_NS - DAY_NS), stage(2, NOW_NS - DAY_NS - 1))
    await keep(store)
    assert await store.add_truths([told(1), told(2)]) == ["joined", "expired"]
    assert await truth(store, 2) is None
    assert await starts(store) == [T0 - 86_400]


async def test_truth_that_holds_already_is_repeated_however_old(open_store: OpenStore) -> None:
    now_ns = NOW_NS
    store = await open_store(now_ns=lambda: now_ns, horizon_ns=DAY_NS)
    await put(store, stage(1, NOW_NS))
    await store.add_truths([told(1)])
    now_ns += 2 * DAY_NS
    again = [told(1), told(1, "no", 5), told(1, "no", NOW_NS + 1)]
    assert await store.add_truths(again) == ["repeated", "superseded", "expired"]
    assert await truth(store, 1) == ("yes", NOW_NS)


async def test_truths_go_with_their_records(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    await store.add_truths([told(1)])
    assert await store.delete_before(NOW_NS + 1, 9) == 1
    await put(store, stage(1, NOW_NS))
    assert await truth(store, 1) is None
    assert await store.add_truths([told(1)]) == ["joined"]


async def test_truths_wait_for_so_long(open_store: OpenStore) -> None:
    now_ns = NOW_NS
    store = await open_store(now_ns=lambda: now_ns)
    await store.add_truths([told(number) for number in range(1, 8)])
    now_ns += S
    await store.add_truths([told(8)])
    await put(store, stage(1, NOW_NS), stage(3, NOW_NS))
    assert [await store.delete_waiting_truths(NOW_NS + S, 2) for _ in range(4)] == [2, 2, 1, 0]
    await put(store, *(stage(number, NOW_NS) for number in range(1, 9)))
    found = [number for number in range(1, 9) if await truth(store, number) is not None]
    assert found == [1, 3, 8]
    assert await store.delete_waiting_truths(NOW_NS + DAY_NS, 9) == 0


async def test_truth_that_comes_while_its_window_is_folded(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    (due,) = await dues(store)
    await store.add_truths([told(1)])
    assert not await fold(store, due)
    await keep(store)
    assert await kept(store, 10) == {T0: ["1yes"]}


async def test_many_truths_at_once(store: Store) -> None:
    await put(store, *(stage(number, NOW_NS + number * S) for number in range(1, 1202)))
    await keep(store)
    assert set(await store.add_truths([told(number) for number in range(1, 1302)])) == {"joined", "waiting"}
    assert len(await starts(store)) == 121
    records = (await store.page(Filter(), 2000)).records
    assert len([record for record in records if record.HasField("truth")]) == 1201


async def test_no_truths(store: Store) -> None:
    assert await store.add_truths([]) == []


@pytest.mark.parametrize("order", list(permutations(["early", "truth", "late"])))
async def test_windows_are_the_same_whenever_the_truth_comes(store: Store, order: Sequence[str]) -> None:
    spans = {
        "early": stage(1, NOW_NS, event_ns=NOW_NS + 100 * S),
        "late": stage(1, NOW_NS + 5, name="inference", event_ns=NOW_NS + 200 * S),
    }
    for what in order:
        if what == "truth":
            await store.add_truths([told(1)])
        else:
            await put(store, spans[what])
        await keep(store)
    assert await kept(store, 10) == {T0 + 100: ["1yes"]}
    assert await walk(store) == [prediction(1)]
