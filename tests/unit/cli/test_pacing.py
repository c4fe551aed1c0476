"""The open loop, on a clock that only moves when it is told to."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_cli.replay.pacing import paced


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


async def run(rate: float, count: int, max_in_flight: int = 1000, **options: Any) -> list[tuple[int, float, float]]:
    """Index, due time and actual time, both since the start, of every request; each is answered at once."""
    clock = Clock()
    sent: list[tuple[int, float, float]] = []

    async def send(index: int, due_s: float) -> None:
        sent.append((index, due_s - 100, clock() - 100))

    await paced(send, rate=rate, count=count, max_in_flight=max_in_flight, clock=clock, sleep=clock.sleep, **options)
    return sent


@given(rate=st.floats(0.01, 1000), count=st.integers(1, 50))
async def test_request_i_is_due_i_periods_after_the_start(rate: float, count: int) -> None:
    sent = await run(rate, count)
    assert [index for index, _, _ in sent] == list(range(count))
    assert [due for _, due, _ in sent] == pytest.approx([index / rate for index in range(count)], abs=1e-6)


async def test_requests_leave_on_time_while_none_is_answered() -> None:
    clock = Clock()
    answered = asyncio.Event()
    left: list[float] = []

    async def send(index: int, due_s: float) -> None:
        del index, due_s
        left.append(clock() - 100)
        if len(left) == 5:
            answered.set()
        await answered.wait()

    await paced(send, rate=10, count=5, max_in_flight=5, clock=clock, sleep=clock.sleep)
    assert left == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.1001)


async def test_no_more_than_the_limit_are_on_their_way_and_late_ones_keep_their_due_time() -> None:
    clock = Clock()
    running = 0
    most = 0
    lateness: list[float] = []

    async def send(index: int, due_s: float) -> None:
        del index
        nonlocal running, most
        running += 1
        most = max(most, running)
        lateness.append(clock() - due_s)
        for _ in range(50):
            # Long enough for every other request that is let through to start too.
            await asyncio.sleep(0)
        clock.now_s += 1
        running -= 1

    await paced(send, rate=100, count=20, max_in_flight=3, clock=clock, sleep=clock.sleep)
    assert most == 3
    assert len(lateness) == 20
    assert max(lateness) > 1.0


async def test_it_stops_when_told_and_waits_for_what_is_on_its_way() -> None:
    stop = False
    done: list[int] = []
    clock = Clock()

    async def send(index: int, due_s: float) -> None:
        del due_s
        nonlocal stop
        stop = index == 2
        await asyncio.sleep(0)
        done.append(index)

    await paced(send, rate=1, count=100, max_in_flight=9, clock=clock, sleep=clock.sleep, stopped=lambda: stop)
    assert done == [0, 1, 2]
