"""Records of which nobody knows to which part of a window they belong: no part of it is promised to be whole."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.judged import Judged
from tests.support.predictions import Made, objective, request_of, write_contract

FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
WHOLE = objective("whole", "record_completeness", ">=", 0.9)


async def _lose(one: Judged, made: Sequence[Made]) -> None:
    """Take predictions of which only web is heard."""
    for each in made:
        await one.engine.deliver(request_of(each.spans[:2]))
    await one.flush()


@pytest.mark.parametrize(
    ("part", "more"),
    [
        ({"segment": {"kind": "a"}}, {}),
        ({}, {"model": {"name": "m", "variant": "canary"}}),
        ({}, {"model": {"name": "m", "versions": ["2"]}}),
    ],
)
@pytest.mark.parametrize("promised", [FAST, WHOLE])
@pytest.mark.parametrize(("lost", "verdict", "completeness"), [(0, "pass", 1.0), (2, "unknown", 10 / 12)])
async def test_what_is_lost_may_be_of_any_part(
    one: Judged,
    promised: dict[str, Any],
    part: dict[str, Any],
    more: dict[str, Any],
    lost: int,
    verdict: str,
    completeness: float,
) -> None:
    """Most records are of another part, so that of the whole window enough is known."""
    write_contract(one.contracts, [promised | part], **more)
    await one.take(*(Made(number, kind="a", variant="canary", version="2") for number in range(1, 11)))
    await one.take(*(Made(number, kind="b") for number in range(100, 190)))
    await _lose(one, [Made(number, kind="a", variant="canary", version="2") for number in range(200, 200 + lost)])
    await one.turn()
    (judged,) = await one.verdicts()
    assert (judged.verdict, judged.count) == (verdict, 10)
    assert judged.completeness == pytest.approx(completeness)


async def test_what_is_lost_counts_once_for_the_whole(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(*(Made(number) for number in range(1, 99)))
    await _lose(one, [Made(200), Made(201)])
    await one.turn()
    (judged,) = await one.verdicts()
    assert (judged.verdict, judged.count, judged.completeness) == ("pass", 100, 0.98)


async def test_a_request_that_was_refused_is_of_no_part_and_lacks_nothing(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"segment": {"kind": "a"}}])
    refused = [Made(number, status="INVALID_ARGUMENT") for number in range(100, 110)]
    await one.take(*(Made(number) for number in range(1, 11)))
    for each in refused:
        await one.engine.deliver(request_of(each.spans[:1]))
    await one.flush()
    await one.turn()
    (judged,) = await one.verdicts()
    assert (judged.verdict, judged.count, judged.completeness) == ("pass", 10, 1.0)
