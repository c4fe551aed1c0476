"""Engines that write to the same predictions while their connections are cut lose nothing and count right."""

import asyncio
import random
from collections.abc import Callable, Iterator

import psycopg
import pytest

from hallmark_qoa.combine import combine
from hallmark_qoa.derive import derive
from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.stores.base import Batch
from hallmark_qoa.stores.postgres.commit import BYTES_PER_RECORD
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from tests.support.postgres import PASSWORD
from tests.support.records import DAY_NS, NOW_NS, group, prediction, stage, walk
from tests.support.waiting import eventually

ENGINES = 3
PREDICTIONS = range(1, 101)
STAGES = ("web", "preprocess", "inference")

CUT_ONE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name ~ '^hallmark-qoa' AND datname = current_database() ORDER BY random() LIMIT 1"""

KEPT = f"""SELECT (SELECT count(*) FROM predictions), (SELECT count(*) FROM records),
    (SELECT sum(bytes) FROM usage) =
    (SELECT sum(octet_length(record) + octet_length(spans) + {BYTES_PER_RECORD}) FROM records)"""


def spans_of(number: int, chance: random.Random) -> list[SpanFacts]:
    """The stages of a prediction; they begin on different days."""
    return [
        stage(number, NOW_NS - chance.randrange(6) * DAY_NS - chance.randrange(10**9), name=name) for name in STAGES
    ]


def batches_of(spans: list[SpanFacts], chance: random.Random) -> Iterator[list[SpanFacts]]:
    """All spans and some of them twice, in any order, in batches of any size."""
    order = spans + chance.sample(spans, len(spans) // 4)
    chance.shuffle(order)
    while order:
        size = chance.randint(1, 20)
        yield order[:size]
        order = order[size:]


class Work:
    """Batches that are committed until they are in, and what cuts the connections meanwhile."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._tries = self._seen = 0
        self._done = False

    async def deliver(self, store: PostgresStore, batches: list[list[SpanFacts]]) -> None:
        for batch in batches:
            while not await self._delivered(store, batch):
                pass

    async def _delivered(self, store: PostgresStore, batch: list[SpanFacts]) -> bool:
        self._tries += 1
        try:
            await store.commit(Batch([group(span) for span in batch]), combine)
        except psycopg.OperationalError:
            return False
        return True

    async def cut(self) -> int:
        """Cut one connection after the other, each when something was tried since; how many."""
        cuts = 0
        async with await psycopg.AsyncConnection.connect(self._url, password=PASSWORD, autocommit=True) as admin:
            while not self._done:
                await admin.execute(CUT_ONE)
                cuts += 1
                await eventually(self._went_on, "a commit is tried", timeout_s=30)
        return cuts

    def _went_on(self) -> bool:
        seen, self._seen = self._seen, self._tries
        return self._done or self._tries > seen

    def end(self) -> None:
        self._done = True


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_span_is_lost_and_every_record_is_the_same(seed: int, new_database: Callable[[], str]) -> None:
    chance, url = random.Random(seed), new_database()
    spans = {number: spans_of(number, chance) for number in PREDICTIONS}
    batches = list(batches_of([span for some in spans.values() for span in some], chance))
    stores = [await PostgresStore.open(Target(url, f"{n}", PASSWORD), lambda: NOW_NS) for n in range(ENGINES)]
    work = Work(url)
    cutting = asyncio.create_task(work.cut())
    await asyncio.gather(*(work.deliver(store, batches[n::ENGINES]) for n, store in enumerate(stores)))
    work.end()
    assert await cutting > 5
    for number in PREDICTIONS:
        found, expected = await stores[0].get(prediction(number)), derive(prediction(number), spans[number])
        assert found is not None
        assert found.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)
    assert len(await walk(stores[1])) == len(PREDICTIONS)
    with psycopg.connect(url, password=PASSWORD) as admin:
        assert admin.execute(KEPT).fetchone() == (len(PREDICTIONS), len(PREDICTIONS), True)
    for store in stores:
        await store.close()
