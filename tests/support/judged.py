"""An engine with what folds and judges, on a store that others may share, with clocks that the test turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.settings import Settings
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.engine import Engine
from hallmark_qoa.judge.judge import Judge
from hallmark_qoa.judge.policy.open import Policy, open_policy
from hallmark_qoa.judge.promises import Promises
from hallmark_qoa.models import Models
from hallmark_qoa.stores.base import Store, Windows
from hallmark_qoa.stores.open import open_store
from hallmark_qoa.watch import Watchers
from hallmark_qoa.windows.keeper import Keeper
from hallmark_qoa.windows.progress import Beat, Progress
from tests.support.predictions import T0_NS, Made, S, request_of, write_model

SIZES_S = (10, 60, 3600)
LATENESS_NS = 10 * S
QUIET_NS = 20 * S
IDLE_S = 5.0
STORED_NS = T0_NS + 300 * S
"""What the clock of stores says."""

LONG_AFTER_NS = T0_NS + 9000 * S
"""When everything is over."""


@dataclass(frozen=True)
class World:
    """Where models and contracts are, and who judges."""

    models: Path
    contracts: Path
    policy: Policy


class Judged:
    """One engine, its keeper and its judge; to be opened, killed and opened again under the same name."""

    store: Store
    engine: Engine
    keeper: Keeper
    judge: Judge

    def __init__(self, open_store: Callable[[str], Awaitable[Store]], world: World, name: str = "a") -> None:
        self.now_s = 0.0
        self.stored_ns = STORED_NS
        """What the clock of the store says, where the store was opened to be told by it."""
        self.contracts = world.contracts
        self.name = name
        self._open_store = open_store
        self._world = world

    async def start(self) -> None:
        """As a process that starts."""
        self.store = await self._open_store(self.name)
        assembler = Assembler(idle_timeout_s=IDLE_S, max_pending_spans=100_000)
        self.engine = Engine(self.store, assembler, Watchers(10), clock=lambda: self.now_s)
        models = Models(self._world.models, cpu_hour_price=1.0)
        promises = Promises(self._world.contracts, lambda: self.now_s)
        self.judge = Judge(self.store, models, promises, self._world.policy)
        self.keeper = Keeper(self.store, models, self.judge, SIZES_S)
        await self.engine.start()

    async def stop(self) -> None:
        """As a process that ends: what waits is stored."""
        await self.engine.drain()
        await self.store.close()

    async def kill(self) -> None:
        """As a process that is killed: what was committed is there, and nothing else happens any more."""
        writer = self.engine._writer
        if writer is not None:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        await self.store.close()

    async def take(self, *made: Made) -> None:
        """Deliver predictions, one a request, and store them as they are."""
        for one in made:
            await self.engine.deliver(request_of(one.spans))
        await self.flush()

    async def flush(self) -> None:
        """Store what waits for spans that do not come."""
        self.now_s += IDLE_S + 1
        await self.engine.tick()

    async def turn(self, now_ns: int = LONG_AFTER_NS, others: Mapping[str, Beat] | None = None) -> int:
        """Fold and judge what is over at a time; how many windows."""
        return await self.keeper.turn(Progress(now_ns, LATENESS_NS, QUIET_NS, others or {}, self.name))

    async def verdicts(self, size_s: int = 10, **which: str) -> list[WindowVerdict]:
        """Of windows of a size, in order."""
        return await self.store.verdicts(Windows(size_s, **which))

    async def words(self, objective: str, size_s: int = 10) -> dict[int, str]:
        """Verdicts of an objective by seconds from T0_NS to the start of the window."""
        return {
            one.start.seconds - T0_NS // S: one.verdict
            for one in await self.verdicts(size_s)
            if one.objective == objective
        }


@dataclass(frozen=True)
class Outcome:
    """All that is kept of windows."""

    folds: Mapping[int, Sequence[object]] = field(default_factory=dict)
    verdicts: Mapping[int, Sequence[bytes]] = field(default_factory=dict)


async def outcome(store: Store) -> Outcome:
    """Of a store; nothing may be due any more."""
    assert await store.due(10) == []
    return Outcome(
        {size_s: await store.folds(Windows(size_s)) for size_s in SIZES_S},
        {
            size_s: [one.SerializeToString(deterministic=True) for one in await store.verdicts(Windows(size_s))]
            for size_s in SIZES_S
        },
    )


@contextlib.asynccontextmanager
async def real_policy(**settings: object) -> AsyncIterator[Policy]:
    """The policy of the project, with regopy unless told otherwise."""
    policy = open_policy(Settings.model_validate(settings))
    try:
        yield policy
    finally:
        await policy.close()


@contextlib.asynccontextmanager
async def judged_alone(folder: Path, policy: Policy) -> AsyncIterator[Judged]:
    """One engine on a SQLite store in a folder, with model m; contracts are to be put into ``contracts`` there."""
    write_model(folder / "models")
    one = Judged(
        lambda name: open_store(url="", state_dir=folder, engine=name, now_ns=lambda: one.stored_ns),
        World(folder / "models", folder / "contracts", policy),
    )
    await one.start()
    try:
        yield one
    finally:
        await one.stop()
