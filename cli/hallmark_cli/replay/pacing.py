"""An open-loop load: requests leave at their time, whether those before have been answered or not."""

import asyncio
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]
Send = Callable[[int, float], Awaitable[None]]
"""Sends the request of an index that was due at a time of the clock."""


async def paced(
    send: Send,
    *,
    rate: float,
    count: int,
    max_in_flight: int,
    clock: Clock,
    sleep: Sleep,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Send ``count`` requests, the i-th one i / ``rate`` seconds after the start, and wait for all of them.

    At most ``max_in_flight`` are on their way; those that are due meanwhile leave late. A request's latency counts from
    when it was due, so that a stalled server is not measured by the few requests that got through
    (G. Tene, "How NOT to Measure Latency": coordinated omission).
    """
    room = asyncio.Semaphore(max_in_flight)
    started_s = clock()

    async def one(index: int, due_s: float) -> None:
        try:
            await send(index, due_s)
        finally:
            room.release()

    async with asyncio.TaskGroup() as tasks:
        for index in range(count):
            due_s = started_s + index / rate
            if due_s > clock():
                await sleep(due_s - clock())
            await room.acquire()
            if stopped():
                return
            tasks.create_task(one(index, due_s))
