"""An export gives every record of a period once, in order of event time, while the store goes on."""

from itertools import pairwise

import pytest

from hallmark_qoa.stores.base import Filter, Store
from tests.support.records import NOW_NS, prediction, put, stage
from tests.support.windows import S


async def exported(store: Store, which: Filter) -> list[str]:
    """The ids of an export."""
    return [record.prediction_id async for some in store.export(which) for record in some]


async def test_order_is_that_of_events_and_then_of_predictions(store: Store) -> None:
    events = [30, 10, 20, 10, -10]
    await put(store, *(stage(n, NOW_NS - n, event_ns=event) for n, event in enumerate(events, start=1)))
    assert await exported(store, Filter()) == [prediction(n) for n in (5, 2, 4, 3, 1)]
    assert await store.count(Filter()) == 5


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Filter(consumer="acme"), [1, 2]),
        (Filter(model="digits"), [1, 3]),
        (Filter(status="INTERNAL"), [2]),
        (Filter(from_ns=20), [2, 3, 4]),
        (Filter(before_ns=20), [1]),
        (Filter(from_ns=20, before_ns=40), [2, 3]),
        (Filter(consumer="acme", model="digits", status="OK", from_ns=10, before_ns=11), [1]),
        (Filter(consumer="acme", model="flights", status="OK"), []),
        (Filter(model="flights", from_ns=-(2**63), before_ns=2**63 - 1), [2, 4]),
        (Filter(consumer="' OR 1=1 --"), []),
    ],
)
async def test_filters(store: Store, which: Filter, expected: list[int]) -> None:
    await put(
        store,
        stage(1, NOW_NS, event_ns=10, consumer="acme", model="digits"),
        stage(2, NOW_NS, event_ns=20, consumer="acme", model="flights", status="INTERNAL"),
        stage(3, NOW_NS, event_ns=30, consumer="other", model="digits"),
        stage(4, NOW_NS, event_ns=40, consumer="other", model="flights"),
    )
    assert await exported(store, which) == [prediction(number) for number in expected]
    assert await store.count(which) == len(expected)


async def test_many_records_come_some_at_a_time(store: Store) -> None:
    numbers = range(1, 2102)
    # Half of them at one time, more than come at once.
    await put(store, *(stage(n, NOW_NS + n, event_ns=NOW_NS + (n % 2) * n * S) for n in numbers))
    found = [some async for some in store.export(Filter())]
    assert all(0 < len(some) <= 500 for some in found)
    keys = [(record.event_time.ToNanoseconds(), record.prediction_id) for some in found for record in some]
    assert all(one < other for one, other in pairwise(keys))
    assert sorted(key[1] for key in keys) == [prediction(n) for n in numbers]


async def test_records_that_come_and_go_meanwhile_disturb_nothing(store: Store) -> None:
    await put(store, *(stage(number, NOW_NS + number) for number in range(1, 1202)))
    found: list[str] = []
    async for some in store.export(Filter(before_ns=NOW_NS + 2000)):
        found += [record.prediction_id for record in some]
        await put(store, stage(5000 + len(found), NOW_NS + 3), stage(7000 + len(found), NOW_NS + 5000))
        if len(found) == 500:
            assert await store.delete_before(NOW_NS + 601, 1000) > 500
    expected = [prediction(number) for number in (*range(1, 501), *range(601, 1202))]
    assert found == expected


async def test_export_that_is_given_up_leaves_the_store_free(store: Store) -> None:
    await put(store, *(stage(number, NOW_NS + number) for number in range(1, 1202)))
    export = store.export(Filter())
    await anext(aiter(export))
    assert await put(store, stage(2000, NOW_NS)) == ["stored"]
    assert await store.delete_before(NOW_NS + 5000, 5000) == 1202
    assert await exported(store, Filter()) == []
