"""Working on the items of a stream side by side, without any network."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hallmark_web.concurrently import concurrently


class Work:
    """Items that are counted as they are read, and work that waits for its item to be let go."""

    def __init__(self, count: int) -> None:
        self.read = 0
        self.running = 0
        self.gates = [asyncio.Event() for _ in range(count)]

    async def items(self) -> AsyncIterator[int]:
        for number in range(len(self.gates)):
            self.read += 1
            yield number

    async def do(self, number: int) -> int:
        self.running += 1
        try:
            await self.gates[number].wait()
        finally:
            self.running -= 1
        return number


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_no_more_is_read_than_is_worked_on_and_one() -> None:
    work = Work(20)
    results = concurrently(work.items(), work.do, 4)
    first = asyncio.ensure_future(anext(results))
    await settle()
    assert (work.running, work.read) == (4, 5)

    work.gates[2].set()
    assert await first == 2
    await settle()
    # Nobody takes the next result: nothing more is read.
    assert work.read == 5

    for gate in work.gates:
        gate.set()
    assert sorted([2, *[result async for result in results]]) == list(range(20))


async def test_leaving_cancels_what_is_worked_on() -> None:
    work = Work(8)
    results = concurrently(work.items(), work.do, 4)
    first = asyncio.ensure_future(anext(results))
    await settle()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert work.running == 0


async def test_a_failed_source_cancels_what_is_worked_on() -> None:
    work = Work(2)

    async def broken() -> AsyncIterator[int]:
        yield 0
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await anext(concurrently(broken(), work.do, 4))

    assert work.running == 0


async def test_nothing_comes_of_nothing() -> None:
    work = Work(0)

    assert [result async for result in concurrently(work.items(), work.do, 4)] == []
