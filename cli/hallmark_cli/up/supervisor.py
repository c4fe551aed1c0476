"""Start the four services, wait until they are ready, stay until a signal or a death, stop them in order."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from hallmark_cli.errors import CliError
from hallmark_cli.up.children import Child, start_child
from hallmark_cli.up.readiness import not_ready, until_ready
from hallmark_common.settings import Settings

STARTUP_TIMEOUT_S = 60.0
"""Far above the usual few seconds: a cold disk on a busy machine is slow, a hang is for ever."""

STOP_MARGIN_S = 10.0
"""Beyond the drain, for flushing telemetry and leaving."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


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


async def supervise(settings: Settings, logs: Mapping[str, Path], say: Say, when_ready: Callable[[], None]) -> int:
    """Run until a signal; the exit code: 0 after a drain, 128 + signal after a second signal.

    :class:`CliError` where a service does not become ready, dies or does not drain; nothing is left running then.
    """
    signals = Signals()
    signals.listen()
    children: list[Child] = []
    try:
        children += await asyncio.gather(*(start_child(service, log, os.environ) for service, log in logs.items()))
        ready = await _until_ready(children, signals, settings, say)
        if ready:
            when_ready()
            await _watched(children, signals, asyncio.Event().wait())
        draining = _drain(children, settings.drain_timeout_s + STOP_MARGIN_S, ready)
        return await _stop(draining, signals, say)
    except CliError:
        # What is left serves nobody without the one that is gone, and the reason is already known.
        await asyncio.gather(*(child.stop(STOP_MARGIN_S) for child in children))
        raise
    finally:
        await asyncio.gather(*(child.kill() for child in children))


async def _until_ready(children: Sequence[Child], signals: Signals, settings: Settings, say: Say) -> bool:
    """Wait until all serve; False where a signal ended it, :class:`CliError` that says why where it takes too long."""
    waiting = {child.service for child in children}

    async def one(service: str) -> None:
        await until_ready(service, settings)
        waiting.discard(service)
        say(f"  {service} is ready")

    async def all_of_them() -> None:
        async with asyncio.timeout(STARTUP_TIMEOUT_S):
            await asyncio.gather(*(one(child.service) for child in children))

    try:
        return await _watched(children, signals, all_of_them())
    except TimeoutError:
        why = await not_ready(waiting, settings)
        raise CliError(f"after {STARTUP_TIMEOUT_S:g} s {why}; logs: {children[0].log.parent}") from None


async def _watched(children: Sequence[Child], signals: Signals, work: Coroutine[Any, Any, object]) -> bool:
    """Do work while every child lives; False where a signal ended it, :class:`CliError` for a death."""
    job = asyncio.create_task(work)
    stop = asyncio.create_task(signals.first.wait())
    deaths = [asyncio.create_task(child.wait()) for child in children]
    tasks: list[asyncio.Task[Any]] = [job, stop, *deaths]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for death in deaths:
            if death in done:
                raise CliError(death.result().obituary())
        if stop in done:
            return False
        job.result()
        return True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stop(drain: Coroutine[Any, Any, None], signals: Signals, say: Say) -> int:
    """Drain, unless a second signal comes: then the exit code is 128 + signal."""
    say("stopping; accepted requests are finished first (once more to stop at once)")
    draining = asyncio.create_task(drain)
    impatient = asyncio.create_task(signals.second.wait())
    await asyncio.wait([draining, impatient], return_when=asyncio.FIRST_COMPLETED)
    if draining.done():
        impatient.cancel()
        draining.result()
        return 0
    draining.cancel()
    return 128 + signals.last


async def _drain(children: Sequence[Child], timeout_s: float, ready: bool) -> None:
    """Stop one after the other; :class:`CliError` names those that did not end as they should."""
    # SIGTERM ends a process that has not come as far as handling it: that is no failure while starting.
    fine = (0,) if ready else (0, -signal.SIGTERM)
    for child in children:
        await child.stop(timeout_s)
    failed = [child.obituary() for child in children if child.exit_code not in fine]
    if failed:
        raise CliError("; ".join(failed))
