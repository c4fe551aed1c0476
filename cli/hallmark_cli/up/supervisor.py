"""Start the processes of a run, wait until they are ready, stay until a signal or a death, stop them in order."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any

from hallmark_cli.errors import CliError
from hallmark_cli.up.crew import Crew, Say
from hallmark_cli.up.program import Program

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Explain = Callable[[Collection[str]], Awaitable[str]]
"""What keeps programs of these names from being ready, in one line."""


class Signals:
    """The first signal asks to stop, the second to stop at once."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()
        self.last = signal.SIGINT

    def listen(self) -> None:
        """Take over the signals of this process."""
        for signum in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(signum, self._received, signum)

    def _received(self, signum: signal.Signals) -> None:
        self.last = signum
        (self.second if self.first.is_set() else self.first).set()


async def supervise(
    programs: Sequence[Program], say: Say, when_ready: Callable[[], None], explain: Explain, timeout_s: float
) -> int:
    """Run until a signal; the exit code: 0 after a drain, 128 + signal after a second signal.

    :class:`CliError` where a program is not ready after timeout_s, dies or does not drain; by then nothing runs.
    """
    signals = Signals()
    signals.listen()
    crew = Crew(programs)
    try:
        if await _until_ready(crew, signals, say, explain, timeout_s):
            when_ready()
            await _watched(crew, signals, asyncio.Event().wait())
        return await _stop(crew, signals, say)
    except CliError:
        # What is left serves nobody without the one that is gone, and the reason is already known.
        await crew.dismiss()
        raise
    finally:
        await crew.kill()


async def _until_ready(crew: Crew, signals: Signals, say: Say, explain: Explain, timeout_s: float) -> bool:
    """Wait until all serve; False where a signal ended it, :class:`CliError` that says why where it takes too long."""

    async def in_time() -> None:
        async with asyncio.timeout(timeout_s):
            await crew.start(say)

    try:
        return await _watched(crew, signals, in_time())
    except TimeoutError:
        raise CliError(f"after {timeout_s:g} s {await explain(crew.not_ready())}") from None


async def _watched(crew: Crew, signals: Signals, work: Coroutine[Any, Any, object]) -> bool:
    """Do work while every child lives; False where a signal ended it, :class:`CliError` for a death."""
    job = asyncio.create_task(work)
    stop = asyncio.create_task(signals.first.wait())
    death = asyncio.create_task(crew.death())
    tasks: list[asyncio.Task[Any]] = [job, stop, death]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if death in done:
            raise CliError(death.result())
        if stop in done:
            return False
        job.result()
        return True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stop(crew: Crew, signals: Signals, say: Say) -> int:
    """Drain, unless a second signal comes: then the exit code is 128 + signal."""
    say("stopping; accepted requests are finished first (once more to stop at once)")
    draining = asyncio.create_task(crew.drain())
    impatient = asyncio.create_task(signals.second.wait())
    await asyncio.wait([draining, impatient], return_when=asyncio.FIRST_COMPLETED)
    if draining.done():
        impatient.cancel()
        draining.result()
        return 0
    draining.cancel()
    return 128 + signals.last
