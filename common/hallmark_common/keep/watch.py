"""The rules of what is kept, from the contracts as they are: read at the start, and again when a file has changed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hallmark_common.contracts.load import contract_files, scan_contracts
from hallmark_common.keep.rule import KeepRules
from hallmark_common.stage import Stages

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0

State = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of every file."""


@asynccontextmanager
async def keeping(stages: Stages, stage: str, folder: Path, *, every_s: float = LOOK_EVERY_S) -> AsyncIterator[None]:
    """Inside, ``stages`` has the rules that the contracts of a folder mean for a stage.

    A contract that cannot be used has none, which the log says once; where there is no folder there is none at all.
    """
    watch = _Watch(stages, stage, folder)
    await watch.look()
    task = asyncio.create_task(_look_again(watch, every_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _look_again(watch: "_Watch", every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await watch.look()


class _Watch:
    def __init__(self, stages: Stages, stage: str, folder: Path) -> None:
        self._stages = stages
        self._stage = stage
        self._folder = folder
        self._seen: State | None = None

    async def look(self) -> None:
        """Read the contracts where a file has changed; not in the event loop, where requests would wait."""
        try:
            rules = await asyncio.to_thread(self._read)
        except Exception as error:  # whatever is wrong with a contract, requests are served
            logger.warning("the contracts in %s cannot be read: %s; traces are kept as before", self._folder, error)
        else:
            self._stages.rules = rules or self._stages.rules

    def _read(self) -> KeepRules | None:
        state = _state_of(self._folder)
        if state == self._seen:
            return None
        self._seen = state
        scan = scan_contracts(self._folder)
        if scan.errors:
            more = f" (and {len(scan.errors) - 1} more; see `hallmark contracts check`)" if len(scan.errors) > 1 else ""
            logger.warning("no trace is kept for a contract that cannot be used: %s%s", scan.errors[0], more)
        return KeepRules.for_stage(scan.contracts, self._stage)


def _state_of(folder: Path) -> State:
    try:
        stats = [(path.name, path.stat()) for path in contract_files(folder)]
    except OSError as error:  # one that went meanwhile is seen as gone at the next look
        return ((str(error), 0, 0),)
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
