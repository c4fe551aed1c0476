"""Windows and verdicts are the same however records are split over engines, in any order, with restarts and repeats."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from hallmark_qoa.stores.base import Store, TruthTold
from hallmark_qoa.stores.open import open_store as open_any
from tests.support.judged import STORED_NS, Judged, Outcome, World, outcome, real_policy
from tests.support.predictions import T0_NS, Made, S, Sent, objective, request_of, some, write_contract, write_model

SECONDS = 50
COUNT = 80
MODELS = ("m", "n")
CONSUMERS = ("acme", "umbrella")

BUDGET = {"target": 0.5, "period": "1m", "burn_rate": 1.5, "over": "30s"}
OBJECTIVES = [
    objective("fast", "response_time", "<=", 0.06, aggregate="p50"),
    objective("preprocess", "stage_time", "<=", 0.04, of="preprocess", aggregate="mean"),
    objective("there", "availability", ">=", 0.9, budget=BUDGET),
    objective("right", "accuracy", ">=", 0.55, coverage=0.3),
    objective("right-for-a", "accuracy", ">=", 0.55, coverage=0.3, segment={"kind": "a"}, window="1m"),
    objective("fair", "spread", "<=", 0.2, of="accuracy by kind", aggregate="difference", coverage=0.3, window="1m"),
    objective("valid", "validity", ">=", 0.75),
    objective("complete", "record_completeness", ">=", 0.95),
    objective("cheap", "cpu_time", "<=", 0.001, aggregate="mean", window="1m"),
]  # fmt: skip


class Batch(NamedTuple):
    """What is delivered at once, and to which engine."""

    engine: int
    spans: list[Sent]
    truths: list[TruthTold]


class Case(NamedTuple):
    """What happened, and what came of it in order at one engine."""

    made: list[Made]
    truths: list[TruthTold]
    expected: Outcome


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two models and a contract on each."""
    for name in MODELS:
        write_model(tmp_path / "models", name)
        write_contract(tmp_path / "contracts", OBJECTIVES, name=f"deal-{name}", completeness=0.5, model={"name": name})
    async with real_policy() as policy:
        yield World(tmp_path / "models", tmp_path / "contracts", policy)


Opener = Callable[[str], Awaitable[Store]]


@pytest.fixture
def sqlite(tmp_path: Path) -> Opener:
    """Opens a SQLite store."""
    return lambda name: open_any(url="", state_dir=tmp_path / "sqlite", engine=name, now_ns=lambda: STORED_NS)


@pytest.fixture
def postgresql(new_database: Callable[[], str], password_file: Path, tmp_path: Path) -> Opener:
    """Opens a store on one PostgreSQL database."""
    url = new_database()
    return lambda name: open_any(
        url=url, state_dir=tmp_path, engine=name, password_file=password_file, now_ns=lambda: STORED_NS
    )


def _truths(random: Random, made: list[Made]) -> list[TruthTold]:
    """For most predictions; for some several, which contradict each other."""
    told = []
    for one in made:
        for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
            observed_ns = T0_NS + random.randrange(5) * S
            told.append(TruthTold(one.prediction, random.choice(("late", "on time")), observed_ns))
    return told


async def _expected(random: Random, world: World, open_store: Opener) -> Case:
    made = some(random, COUNT, seconds=SECONDS, models=MODELS, consumers=CONSUMERS)
    truths = _truths(random, made)
    one = Judged(open_store, world)
    await one.start()
    for prediction in made:
        await one.engine.deliver(request_of(prediction.spans))
    await one.flush()
    await one.store.add_truths(truths)
    await one.turn()
    found = await outcome(one.store)
    await one.stop()
    assert {len(found.folds[size_s]) > 4 for size_s in found.folds} == {True}
    return Case(made, truths, found)


@pytest.mark.timeout(300)  # sixteen engines on a machine that does other things too
@pytest.mark.parametrize(
    ("kind", "engines", "split", "seed"),
    [
        ("sqlite", 1, "random", 1),
        ("sqlite", 1, "random", 2),
        ("postgresql", 1, "random", 3),
        ("postgresql", 2, "shard", 4),
        ("postgresql", 5, "random", 5),
        ("postgresql", 16, "shard", 6),
        ("postgresql", 16, "random", 7),
    ],
)
async def test_the_same_windows_and_verdicts(
    kind: str, engines: int, split: str, seed: int, world: World, sqlite: Opener, request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:  # fmt: skip
    random = Random(seed)
    case = await _expected(random, world, sqlite)
    opener = request.getfixturevalue("postgresql") if kind == "postgresql" else _elsewhere(tmp_path)
    cluster = Cluster(opener, world, random, engines)
    await cluster.start()
    try:
        await cluster.live(_batches(random, case, engines, split))
        await cluster.settle()
        found = await outcome(cluster.engines[0].store)
    finally:
        await cluster.stop()
    assert found.folds == case.expected.folds
    assert found.verdicts == case.expected.verdicts


def _elsewhere(folder: Path) -> Opener:
    return lambda name: open_any(url="", state_dir=folder / "other", engine=name, now_ns=lambda: STORED_NS)


def _batches(random: Random, case: Case, engines: int, split: str) -> list[Batch]:
    """All spans and truths in any order, some of them twice, in batches for one engine each."""

    def engine(key: int) -> int:
        return key % engines if split == "shard" else random.randrange(engines)

    spans = [(engine(one.number), span) for one in case.made for span in one.spans]
    spans += random.sample(spans, len(spans) // 10)
    # Most come about when they were made, some long after.
    spans = [item for _, item in sorted(enumerate(spans), key=lambda item: item[0] + random.choice((0, 9, 60, 999)))]
    batches = []
    for start in range(0, len(spans), 25):
        by_engine: dict[int, list[Sent]] = {}
        for number, span in spans[start : start + 25]:
            by_engine.setdefault(number, []).append(span)
        batches += [Batch(number, some_spans, []) for number, some_spans in by_engine.items()]
    truths = case.truths + random.sample(case.truths, len(case.truths) // 10)
    random.shuffle(truths)
    for start in range(0, len(truths), 30):
        batch = Batch(random.randrange(engines), [], truths[start : start + 30])
        batches.insert(random.randrange(len(batches) + 1), batch)
    return batches


class Cluster:
    """Engines that share a store."""

    def __init__(self, open_store: Opener, world: World, random: Random, count: int) -> None:
        self._random = random
        self.engines = [Judged(open_store, world, f"engine-{number}") for number in range(count)]

    async def start(self) -> None:
        for one in self.engines:
            await one.start()

    async def stop(self) -> None:
        for one in self.engines:
            await one.stop()

    async def live(self, batches: list[Batch]) -> None:
        """Deliver everything, with turns of keepers and restarts in between."""
        waiting = list(batches)
        while waiting:
            some_batches, waiting = waiting[:4], waiting[4:]
            deliveries = {asyncio.create_task(self._deliver(batch)): batch for batch in some_batches}
            turns = [asyncio.create_task(self._turn()) for _ in range(self._random.choice((0, 0, 1, 3)))]
            if self._random.random() < 0.1:
                await self._restart_one(deliveries, turns)
            await asyncio.gather(*deliveries, *turns, return_exceptions=True)
            for delivery, batch in deliveries.items():
                if delivery.cancelled() or delivery.exception() is not None:
                    waiting.append(batch)

    async def settle(self) -> None:
        """Store, fold and judge all that waits."""
        for one in self.engines:
            await one.flush()
            await one.engine.drain()
        while await self.engines[0].turn():
            pass

    async def _deliver(self, batch: Batch) -> None:
        one = self.engines[batch.engine]
        if batch.truths:
            await one.store.add_truths(batch.truths)
        else:
            await one.engine.deliver(request_of(batch.spans))
        if self._random.random() < 0.2:
            await one.flush()

    async def _turn(self) -> None:
        """Most windows are over, or none."""
        one = self._random.choice(self.engines)
        await one.turn(T0_NS + self._random.choice((40, 70, 9000)) * S)

    async def _restart_one(self, deliveries: dict[asyncio.Task[None], Batch], turns: list[asyncio.Task[None]]) -> None:
        """Throw an engine away in the midst of everything, and start another in its place."""
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        number = self._random.randrange(len(self.engines))
        unacknowledged = [task for task, batch in deliveries.items() if batch.engine == number and not task.done()]
        for task in [*unacknowledged, *turns]:
            task.cancel()
        await asyncio.gather(*unacknowledged, *turns, return_exceptions=True)
        await self.engines[number].kill()
        await self.engines[number].start()
