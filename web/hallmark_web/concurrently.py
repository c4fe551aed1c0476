"""Working on the items of an asynchronous stream side by side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _End:
    """The stream of items has ended."""


_END: Final = _End()


async def concurrently(
    items: AsyncIterator[Item], work: Callable[[Item], Awaitable[Result]], limit: int
) -> AsyncIterator[Result]:
    """Yield the result of ``work`` for every item, as they are ready.

    At most ``limit`` items are worked on and one more is waiting; the rest stays unread, which pushes back on the
    sender. Leaving early, by cancellation or an exception, cancels what is being worked on.
    """
    reading: asyncio.Task[Item | _End] | None = asyncio.create_task(_next(items))
    working: set[asyncio.Task[Result]] = set()
    try:
        while reading is not None or working:
            readable = set() if reading is None or len(working) >= limit else {reading}
            done, _ = await asyncio.wait(working | readable, return_when=asyncio.FIRST_COMPLETED)
            if reading in done:
                item = reading.result()
                reading = None if isinstance(item, _End) else asyncio.create_task(_next(items))
                if not isinstance(item, _End):
                    working.add(asyncio.create_task(_run(work, item)))
            for finished in working & done:
                working.discard(finished)
                yield finished.result()
    finally:
        await _cancel(*working, *(() if reading is None else (reading,)))


async def _next(items: AsyncIterator[Item]) -> Item | _End:
    return await anext(items, _END)


async def _run(work: Callable[[Item], Awaitable[Result]], item: Item) -> Result:
    return await work(item)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
