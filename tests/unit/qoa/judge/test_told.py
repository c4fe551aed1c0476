"""What is told of windows, on a real store: whatever came late, was silenced or is rare, the last word is how it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.judge.before import AT_ONCE
from hallmark_qoa.stores.base import TruthTold
from tests.support.judged import Judged
from tests.support.predictions import T0_NS, Made, S, objective, write_contract

FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
THERE = objective("there", "availability", ">=", 0.6)
SLOW_MS = 90

Told = list[tuple[int, str, str]]


async def _told(one: Judged, name: str = "fast") -> Told:
    """Changes that are not silenced by start of their window in seconds after T0_NS, as before → now."""
    changes = [VerdictChange.FromString(event.change) for event in await one.store.untold(1000)]
    return [
        (one.verdict.start.seconds - T0_NS // S, one.before, one.verdict.verdict)
        for one in changes
        if one.verdict.objective == name and not one.silenced
    ]


def _window(number: int, **more: Any) -> Made:
    """A prediction in a window of its own."""
    return Made(1000 + number, T0_NS + number * 10 * S, **more)


def _late(first: int, count: int, window: int, **more: Any) -> list[Made]:
    return [Made(number, T0_NS + window * 10 * S, **more) for number in range(first, first + count)]


def _silence(first: int, end: int) -> dict[str, str]:
    """Of windows by number, from the first up to the end."""
    t0 = datetime.fromtimestamp(T0_NS // S, UTC)
    since, until = (t0 + timedelta(seconds=10 * number) for number in (first, end))
    return {"from": since.isoformat(), "until": until.isoformat(), "reason": "a move"}


@pytest.mark.parametrize(
    ("slow", "told"),
    [
        ({2, 3, 4, 5}, [(40, "pass", "violated")]),
        ({1, 2}, [(10, "", "violated"), (40, "violated", "pass")]),
        ({1, 3, 4}, [(10, "", "violated"), (50, "violated", "pass")]),
        ({2, 3}, []),
    ],
)
@pytest.mark.parametrize("silences", [[(2, 4)], [(2, 3), (3, 4)]])
async def test_after_a_silence_it_is_told_what_has_changed_in_it(
    one: Judged, silences: list[tuple[int, int]], slow: set[int], told: Told
) -> None:
    write_contract(one.contracts, [FAST], silences=[_silence(*each) for each in silences])
    await one.take(*(_window(number, web_ms=SLOW_MS if number in slow else 10) for number in range(1, 6)))
    await one.turn()
    assert await _told(one) == told


async def test_a_long_silence_hides_no_recovery(one: Judged) -> None:
    end = 3 + 2 * AT_ONCE
    write_contract(one.contracts, [FAST], silences=[_silence(2, end)])
    await one.take(_window(1, web_ms=SLOW_MS), *(_window(number) for number in range(2, end + 1)))
    await one.turn()
    assert await _told(one) == [(10, "", "violated"), (10 * end, "violated", "pass")]


async def test_the_recovery_of_a_segment_that_is_rare_is_told(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"name": "all"}, FAST | {"segment": {"kind": "a"}}])
    last = 3 + 2 * AT_ONCE
    others = [_window(number, kind="b") for number in range(2, last)]
    await one.take(_window(1, kind="a", web_ms=SLOW_MS), *others, _window(last, kind="a"))
    await one.turn()
    assert await _told(one) == [(10, "", "violated"), (10 * last, "violated", "pass")]


async def test_a_violation_that_comes_back_is_told_each_time(one: Judged) -> None:
    """What comes late moves the verdict to and fro."""
    write_contract(one.contracts, [THERE])
    await one.take(_window(1), *_late(1, 1, window=2))
    await one.turn()
    for number, (count, status) in enumerate([(2, "UNAVAILABLE"), (4, "OK"), (6, "UNAVAILABLE"), (12, "OK")], start=1):
        await one.take(*_late(100 * number, count, window=2, status=status))
        await one.turn()
    to_and_fro = [(20, "pass", "violated"), (20, "violated", "pass")]
    assert await _told(one, "there") == to_and_fro * 2


async def test_a_violation_is_told_after_a_recovery_that_became_unknown(one: Judged) -> None:
    """Records come late, first some that lack a stage."""
    write_contract(one.contracts, [THERE])
    await one.take(_window(1, status="UNAVAILABLE"), *_late(1, 1, window=2))
    await one.turn()
    await one.take(*_late(100, 1, window=2, lost="preprocess"))
    await one.turn()
    await one.take(*_late(200, 40, window=2, status="UNAVAILABLE"))
    await one.turn()
    assert await one.words("there") == {10: "violated", 20: "violated"}
    assert await _told(one, "there") == [
        (10, "", "violated"),
        (20, "violated", "pass"),
        (20, "pass", "unknown"),
        (20, "unknown", "violated"),
    ]


async def test_who_hears_that_it_was_kept_long_ago_hears_how_it_is_now(one: Judged) -> None:
    """The truth of an old window comes last, when its promise is broken again."""
    write_contract(one.contracts, [objective("right", "accuracy", ">=", 0.5)])
    made = [_window(number) for number in range(1, 6)]
    truths = ["on time", "late", "late", "late", "on time"]
    told = zip(made, truths, strict=True)
    await one.take(*made)
    await one.store.add_truths([TruthTold(each.prediction, truth, T0_NS) for each, truth in told])
    await one.turn()
    assert (await _told(one, "right"))[-1] == (50, "pass", "violated")
    await one.store.add_truths([TruthTold(made[0].prediction, "late", T0_NS + S)])
    await one.turn()
    assert (await _told(one, "right"))[-2:] == [(10, "violated", "pass"), (50, "pass", "violated")]
