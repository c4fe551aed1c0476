"""Verdicts on windows, what they spend of budgets, and the events that tell of them."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Event, Spent, Store, Windows
from tests.support.records import DAY_NS, NOW_NS, OpenStore, put, stage
from tests.support.windows import S, dues, fold, fold_of, keep, starts, verdict_of

T0 = NOW_NS // S

SPENT = Spent("contract", "fast", "v", "", 30 * S)


async def to_judge(store: Store, *seconds: int, consumer: str = "c") -> list[Due]:
    """Windows that have been folded and are to be judged."""
    trace = int.from_bytes(consumer.encode())
    for second in seconds:
        await put(store, stage(T0 + second, NOW_NS + second * S, trace=trace, consumer=consumer))
    for due in await dues(store):
        await store.put_folds(due, [fold_of(due, str(due.revision).encode())], None)
    return [due for due in await dues(store, "judge") if due.consumer == consumer]


async def test_verdicts_are_kept_as_they_were_put(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    verdict = verdict_of(due, "violated", bad=True)
    verdict.reasons.append("p95 is 0.31, more than 0.2")
    verdict.evidence.add(prediction_id="p", observed=0.5)
    verdict.observed = 0.31
    assert await store.put_verdicts(due, [verdict], [])
    assert await store.verdicts(Windows(10)) == [verdict]
    assert await store.verdicts(Windows(60)) == []
    assert await store.due(9) == []


async def test_verdicts_replace_those_before(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    await store.put_verdicts(due, [verdict_of(due, objective="a"), verdict_of(due, objective="b")], [])
    (due,) = await to_judge(store, 1)
    again = verdict_of(due, "unknown", objective="b")
    assert await store.put_verdicts(due, [again], [])
    assert await store.verdicts(Windows(10)) == [again]
    (due,) = await to_judge(store, 2)
    assert await store.put_verdicts(due, [], [])
    assert await store.verdicts(Windows(10)) == []


async def test_window_that_changed_is_not_judged(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    (later,) = await to_judge(store, 1)
    event = Event("1", b"change")
    assert not await store.put_verdicts(due, [verdict_of(due)], [event], [SPENT])
    assert await store.verdicts(Windows(10)) == []
    assert await store.untold(9) == []
    assert await store.due(9) == [later]
    assert await store.put_verdicts(later, [verdict_of(due)], [event])
    assert not await store.put_verdicts(later, [], [])
    assert len(await store.verdicts(Windows(10))) == 1


async def test_windows_in_whose_budgets_it_counts_are_to_be_judged(store: Store) -> None:
    for due in await to_judge(store, 0, 10, 20, 30, 40):
        other = "fast" if due.start_ns != NOW_NS + 20 * S else "other"
        await store.put_verdicts(due, [verdict_of(due, objective=other)], [])
    for due in await to_judge(store, 10, consumer="d"):
        await store.put_verdicts(due, [verdict_of(due)], [])
    (due,) = await to_judge(store, 1)
    assert await store.put_verdicts(due, [verdict_of(due)], [], [SPENT])
    assert [(one.start_ns // S - T0, one.consumer) for one in await dues(store, "judge")] == [(10, "c"), (30, "c")]


@pytest.mark.parametrize("changed", [{"variant": "x"}, {"segment": "k=v"}, {"contract": "x"}, {"reach_ns": 9 * S}])
async def test_windows_in_whose_budgets_it_does_not_count_stay(store: Store, changed: dict[str, Any]) -> None:
    for due in await to_judge(store, 0, 10):
        await store.put_verdicts(due, [verdict_of(due)], [])
    (due,) = await to_judge(store, 1)
    assert await store.put_verdicts(due, [verdict_of(due)], [], [replace(SPENT, **changed)])
    assert await store.due(9) == []


async def test_window_that_is_due_anyway_keeps_its_mark(store: Store) -> None:
    for due in await to_judge(store, 0, 10):
        await store.put_verdicts(due, [verdict_of(due)], [])
    due, later = await to_judge(store, 1, 11)
    assert await store.put_verdicts(due, [verdict_of(due)], [], [SPENT])
    assert await store.due(9) == [later]


async def test_window_can_be_judged_again(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    assert await store.put_verdicts(due, [], [], again=True)
    (again,) = await dues(store, "judge")
    assert again.revision != due.revision
    assert (again.start_ns, again.changed_ns) == (due.start_ns, due.changed_ns)


async def test_folds_tell_later_windows_what_is_usual(store: Store) -> None:
    for due in await to_judge(store, 0, 10, 20, 30):
        await store.put_verdicts(due, [verdict_of(due, "pass" if due.start_ns == NOW_NS + 10 * S else "violated")], [])
    await put(store, stage(T0 + 1, NOW_NS))
    (due,) = await dues(store)
    assert await store.put_folds(due, [fold_of(due, b"other")], None, usual_ns=20 * S)
    assert await starts(store, "judge") == [T0, T0 + 20]


async def test_folds_that_are_the_same_tell_nothing(store: Store) -> None:
    await put(store, stage(1, NOW_NS), stage(2, NOW_NS + 10 * S))
    for due in await dues(store):
        await store.put_folds(due, [fold_of(due, b"1")], None)
    for due in await dues(store, "judge"):
        await store.put_verdicts(due, [verdict_of(due, "violated")], [])
    await put(store, stage(3, NOW_NS))
    (due,) = await dues(store)
    before = (await store.series(due)).revision
    assert await store.put_folds(due, [fold_of(due, b"1")], None, usual_ns=20 * S)
    assert await store.due(9) == []
    assert (await store.series(due)).revision == before


async def test_window_is_not_judged_where_its_series_has_changed(store: Store) -> None:
    first, second = await to_judge(store, 0, 10)
    seen = (await store.series(second)).revision
    assert seen == (await store.series(first)).revision
    assert await store.put_verdicts(first, [verdict_of(first)], [], seen=seen)
    assert not await store.put_verdicts(second, [verdict_of(second)], [Event("1", b"1")], seen=seen)
    assert await store.due(9) == [second]
    assert await store.untold(9) == []
    seen = (await store.series(second)).revision
    await put(store, stage(1, NOW_NS))
    (due,) = await dues(store)
    assert await fold(store, due)
    assert not await store.put_verdicts(second, [verdict_of(second)], [], seen=seen)
    assert await store.put_verdicts(second, [verdict_of(second)], [], seen=(await store.series(second)).revision)


async def test_series_of_others_change_nothing(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    seen = (await store.series(due)).revision
    for other in await to_judge(store, 0, consumer="d"):
        assert await store.put_verdicts(other, [verdict_of(other)], [], seen=(await store.series(other)).revision)
    minute = replace(due, size_s=60, task="fold", start_ns=due.start_ns - due.start_ns % (60 * S))
    assert (await store.series(minute)).revision == 0
    assert await store.put_verdicts(due, [verdict_of(due)], [], seen=seen)


async def test_series_without_windows_is_forgotten(store: Store) -> None:
    (due, _) = await to_judge(store, 0, 10)
    seen = (await store.series(due)).revision
    assert await store.delete_folds_before(10, NOW_NS + 1, 1) == 1
    assert (await store.series(due)).revision == seen
    assert await store.delete_folds_before(10, NOW_NS + 1, 1) == 1
    assert (await store.series(due)).revision == 0


async def test_order(store: Store) -> None:
    names = [("b", "y", "x"), ("a", "z", "x"), ("a", "y", "z"), ("a", "y", "x")]
    made: list[WindowVerdict] = []
    for consumer in ("d", "c"):
        for due in await to_judge(store, 10, 0, consumer=consumer):
            verdicts = [verdict_of(due, variant=v, contract=c, objective=o) for v, c, o in names]
            await store.put_verdicts(due, verdicts, [])
            made += verdicts
    made.sort(key=lambda v: (v.start.seconds, v.consumer, v.variant, v.contract, v.objective))
    assert await store.verdicts(Windows(10)) == made
    assert await store.verdicts(Windows(10), "z") == [one for one in made if one.contract == "z"]


@pytest.mark.parametrize(
    ("which", "contract", "expected"),
    [
        (Windows(10), "", 12),
        (Windows(10, consumer="c"), "", 8),
        (Windows(10, "m", "c", NOW_NS + 10 * S), "", 6),
        (Windows(10, "m", "c", NOW_NS + 10 * S, NOW_NS + 20 * S), "", 2),
        (Windows(10, segment="k=v"), "", 6),
        (Windows(10, segment=""), "b", 0),
        (Windows(10), "b", 6),
        (Windows(10, last=2), "", 4),
        (Windows(10, segment="k=v", last=1), "", 1),
        (Windows(10, "m", last=2), "b", 2),
    ],
)
async def test_filters(store: Store, which: Windows, contract: str, expected: int) -> None:
    for consumer, seconds in (("c", (0, 10, 20, 30)), ("d", (0, 10))):
        for due in await to_judge(store, *seconds, consumer=consumer):
            await store.put_verdicts(
                due, [verdict_of(due, contract="a"), verdict_of(due, contract="b", segment="k=v")], []
            )
    assert len(await store.verdicts(which, contract)) == expected


async def test_slices_of_a_budget(store: Store) -> None:
    kinds = [
        ("violated", True),
        ("pass", True),
        ("pass", False),
        ("unknown", False),
        ("unknown", True),
        ("pass", False),
    ]
    for due, (word, bad) in zip(await to_judge(store, *range(0, 60, 10)), kinds, strict=True):
        others = [
            verdict_of(due, "violated", objective="other", bad=True),
            verdict_of(due, "violated", variant="other", bad=True),
            verdict_of(due, "violated", contract="other", bad=True),
            verdict_of(due, "violated", segment="k=v", bad=True),
        ]
        await store.put_verdicts(due, [verdict_of(due, word, bad=bad), *others], [])
    for due in await to_judge(store, 0, consumer="other"):
        await store.put_verdicts(due, [verdict_of(due, "violated", bad=True)], [])
    await to_judge(store, 1)  # judged before, and due again

    async def slices(which: Windows) -> Counter[str]:
        return await store.slices(which, "contract", "fast", "v")

    assert await slices(Windows(10, "m", "c", segment="")) == {"good": 2, "bad": 3, "unknown": 1}
    assert await slices(Windows(10, "m", "c", NOW_NS + 10 * S, NOW_NS + 30 * S)) == {"bad": 1, "good": 1}
    assert await slices(Windows(10, "m", "c", segment="k=v")) == {"bad": 6}
    assert await slices(Windows(60, "m", "c")) == {}


async def test_slices_follow_what_is_judged_again(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    await store.put_verdicts(due, [verdict_of(due, "violated", bad=True)], [])
    (due,) = await to_judge(store, 1)
    await store.put_verdicts(due, [verdict_of(due)], [])
    assert await store.slices(Windows(10, "m", "c"), "contract", "fast", "v") == {"good": 1}
    await store.delete_folds_before(10, NOW_NS + 1, 9)
    assert await store.slices(Windows(10, "m", "c"), "contract", "fast", "v") == {}


async def test_events_are_told_in_order_until_somebody_says_so(store: Store) -> None:
    first, second = await to_judge(store, 0, 10)
    await store.put_verdicts(first, [], [Event("b", b"1"), Event("a", b"2")])
    await store.put_verdicts(second, [], [Event("c", b"\x00")])
    assert await store.untold(9) == [Event("b", b"1"), Event("a", b"2"), Event("c", b"\x00")]
    assert await store.untold(1) == [Event("b", b"1")]
    await store.told(["a", "nobody"])
    assert await store.untold(9) == [Event("b", b"1"), Event("c", b"\x00")]
    await store.told(["b", "c"])
    assert await store.untold(9) == []


async def test_events_are_followed_told_or_not(store: Store) -> None:
    assert await store.last_event() == 0
    first, second = await to_judge(store, 0, 10)
    await store.put_verdicts(first, [], [Event("b", b"1"), Event("a", b"2")])
    await store.told(["b"])
    found = await store.events(0, 9)
    assert [noted.change for noted in found] == [b"1", b"2"]
    assert await store.last_event() == found[-1].number > found[0].number
    await store.put_verdicts(second, [], [Event("a", b"3"), Event("c", b"\x00")])
    assert [noted.change for noted in await store.events(found[0].number, 9)] == [b"2", b"\x00"]
    assert await store.events(0, 1) == found[:1]
    last = await store.last_event()
    assert await store.events(last, 9) == []
    await store.told(["a", "c"])
    await store.delete_folds_before(10, NOW_NS + 1, 9)
    assert await store.events(0, 9) == []
    (due,) = await to_judge(store, 1)
    await store.put_verdicts(due, [], [Event("a", b"4")])
    assert [noted.change for noted in await store.events(last, 9)] == [b"4"]


async def test_event_that_was_there_before_is_left_out(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    await store.put_verdicts(due, [], [Event("a", b"1"), Event("a", b"2")])
    (due,) = await to_judge(store, 1)
    await store.put_verdicts(due, [], [Event("a", b"3"), Event("b", b"4")])
    assert await store.untold(9) == [Event("a", b"1"), Event("b", b"4")]
    await store.told(["a", "b"])
    (due,) = await to_judge(store, 2)
    await store.put_verdicts(due, [], [Event("a", b"5")])
    assert await store.untold(9) == []


async def test_event_that_settles_another_is_left_out_where_that_was_not_put(store: Store) -> None:
    (due,) = await to_judge(store, 0)
    await store.put_verdicts(due, [], [Event("a", b"1"), Event("b", b"2", "nobody")])
    (due,) = await to_judge(store, 1)
    await store.told(["a"])
    await store.put_verdicts(due, [], [Event("c", b"3", "a"), Event("d", b"4", "b")])
    assert await store.untold(9) == [Event("c", b"3")]


async def test_removal_takes_verdicts_and_what_was_told_of_them(store: Store) -> None:
    early, late = await to_judge(store, 0, 10)
    await store.put_verdicts(early, [verdict_of(early)], [Event("told", b"1"), Event("untold", b"2")])
    await store.told(["told"])
    assert await store.delete_folds_before(10, NOW_NS + 1, 9) == 2
    assert await store.verdicts(Windows(10)) == []
    assert not await store.put_verdicts(late, [verdict_of(late)], [])
    assert await store.untold(9) == [Event("untold", b"2")]
    await store.told(["untold"])
    (due,) = await to_judge(store, 1)
    await store.put_verdicts(due, [], [Event("told", b"3"), Event("untold", b"4")])
    assert len(await store.untold(9)) == 2  # made anew, so it is news


async def test_everything_is_kept_over_a_restart(open_store: OpenStore) -> None:
    store = await open_store()
    (due,) = await to_judge(store, 0)
    await store.put_verdicts(due, [verdict_of(due)], [Event("a", b"1")])
    await put(store, stage(1, NOW_NS + 60 * S))
    again = await open_store("another")
    assert await again.verdicts(Windows(10)) == [verdict_of(due)]
    assert [one.start_ns for one in await again.folds(Windows(10))] == [due.start_ns]
    assert await again.due(9) == await store.due(9)
    assert await again.untold(9) == [Event("a", b"1")]


async def test_engines_say_how_far_they_are(store: Store) -> None:
    assert await store.heartbeat(NOW_NS, 5) == {"a": (NOW_NS, 5)}
    assert await store.heartbeat(NOW_NS + DAY_NS, 2**62) == {"a": (NOW_NS + DAY_NS, 2**62)}


async def test_what_was_folded_again_is_judged_again(store: Store) -> None:
    await put(store, stage(1, NOW_NS))
    await keep(store)
    await put(store, stage(2, NOW_NS))
    (due,) = await dues(store)
    assert await fold(store, due)
    assert await starts(store, "judge") == [T0]
    assert len(await store.verdicts(Windows(10))) == 1  # of before, until then
