"""Invariant 2: a record is the same for every order, duplication, delay and split of its spans, and over restarts."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.errors import HallmarkError
from hallmark_common.settings import Settings
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive
from hallmark_qoa.sources.base import Receipt

SHAPES = (
    "ok", "fail-web", "fail-preprocess", "fail-inference", "no-web", "no-preprocess", "no-inference", "retry",
    "inference-only", "conflict",
)  # fmt: skip
STEPS = st.sampled_from(["tick", "late", "stop", "kill", "cut", "fails", "works"])


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[int, int, str]], Random, list[str]]:
    """Predictions as (trace, entry, shape), what decides their way here, and events in between."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=8))
    one_trace = draw(st.booleans())
    predictions = [(1 if one_trace else i + 1, 0x100 * (i + 1), shape) for i, shape in enumerate(shapes)]
    # A seed, not hypothesis' own source of randomness: how much is drawn depends on when the store's thread is done.
    random = Random(draw(st.integers(0, 2**32 - 1)))
    return predictions, random, draw(st.lists(STEPS, max_size=12))


def test_every_shape_is_covered(otlp: Any) -> None:
    assert set(SHAPES) == set(otlp.SHAPES)


@given(case=deliveries())
@settings(max_examples=100, deadline=None)
def test_record_does_not_depend_on_delivery(case: Any, otlp: Any, bench: Callable[..., Any]) -> None:
    predictions, random, steps = case
    spans = [span for prediction in predictions for span in otlp.prediction(*prediction)]
    everything = decode(otlp.request(spans)).spans
    expected = sorted(
        derive(name, [s for s in everything if s.prediction == name]).SerializeToString(deterministic=True)
        for name in {s.prediction for s in everything}
    )
    order = spans + random.sample(spans, random.randint(0, len(spans)))
    random.shuffle(order)

    async def stored() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            async with bench(Path(folder) / "qoa.sqlite3") as one:
                peers = Peers(one, _batches(otlp, order, random), random)
                while not peers.satisfied:
                    await peers.send(everything=not steps)
                    await peers.step(steps.pop() if steps else "stop")
                await peers.step("stop")
                assert peers.satisfied
                assert await one.store.journal() == []
                return await one.stored()

    assert asyncio.run(stored()) == expected


class Batch(NamedTuple):
    request: bytes
    kept: bool


def _batches(otlp: Any, order: list[Any], random: Any) -> list[Batch]:
    batches = []
    while order:
        size = random.randint(1, len(order))
        batches.append(Batch(otlp.request(order[:size]), random.random() < 0.6))
        order = order[size:]
    return batches


class Peers:
    """A broker, which keeps a batch until it is acknowledged, and services that send one again until it is.

    Some acknowledgements get lost on their way, so that they deliver what is in the store already.
    """

    def __init__(self, one: Any, batches: list[Batch], random: Any) -> None:
        self._one = one
        self._random = random
        self._waiting = batches
        self._unacknowledged: dict[asyncio.Task[Receipt], Batch] = {}
        self._acknowledgements_to_lose = 3

    @property
    def satisfied(self) -> bool:
        return not self._waiting and not self._unacknowledged

    async def send(self, *, everything: bool) -> None:
        """Deliver some at the same time, and look away at any point of what happens then."""
        count = len(self._waiting) if everything else self._random.randint(0, len(self._waiting))
        some, self._waiting = self._waiting[:count], self._waiting[count:]
        for batch in some:
            delivery = asyncio.create_task(self._one.engine.deliver(batch.request, kept=batch.kept))
            self._unacknowledged[delivery] = batch
        for _ in range(self._random.randint(0, 3)):
            await asyncio.sleep(0)

    async def step(self, name: str) -> None:
        match name:
            case "tick" | "late":
                self._one.now_s += 1.0 if name == "tick" else Settings().qoa_idle_timeout_s + 1
                with contextlib.suppress(HallmarkError):
                    await self._one.engine.tick()
                await self.collect()
            case "fails" | "works":
                self._one.store.fails = name == "fails"
                await self.collect()
            case "cut":
                await self._cut()
            case "stop":
                self._one.store.fails = False
                await asyncio.sleep(0)  # the sources have stopped: whatever they took has been delivered
                await self._one.stop()
                await self.collect()
                assert (self._unacknowledged, self._one.engine.batches_in_flight) == ({}, 0)
                assert (self._one.engine.pending_spans, self._one.unaccounted()) == (0, 0)
                await self._one.start()
            case "kill":
                await self._cut()
                await self._one.kill()
                await self._one.start()

    async def collect(self) -> None:
        """Wait until all is done that does not wait for other spans, and see what was acknowledged."""
        sent = [delivery for delivery, batch in self._unacknowledged.items() if not batch.kept]
        await asyncio.gather(*sent, return_exceptions=True)
        await asyncio.sleep(0)
        for delivery in [delivery for delivery in self._unacknowledged if delivery.done()]:
            batch = self._unacknowledged.pop(delivery)
            if delivery.exception() is not None:
                self._waiting.append(batch)
            elif self._acknowledgements_to_lose and self._random.random() < 0.3:
                self._acknowledgements_to_lose -= 1
                self._waiting.append(batch)

    async def _cut(self) -> None:
        """The connections break: what is not acknowledged will be delivered again, before the rest."""
        for delivery in self._unacknowledged:
            delivery.cancel()
        await asyncio.gather(*self._unacknowledged, return_exceptions=True)
        self._waiting = [*self._unacknowledged.values(), *self._waiting]
        self._unacknowledged.clear()


async def test_late_spans_complete_a_record_that_was_stored_incomplete(otlp: Any, bench: Any, tmp_path: Path) -> None:
    spans = otlp.prediction()
    async with bench(tmp_path / "q.sqlite3") as one:
        await one.engine.deliver(otlp.request(spans[:2]))
        one.now_s += 6
        await one.engine.tick()
        (before,) = [QualityRecord.FromString(data) for data in await one.stored()]
        assert (before.complete, before.missing_stages) == (False, ["preprocess", "inference"])
        await one.engine.deliver(otlp.request(spans[2:]))
        (after,) = [QualityRecord.FromString(data) for data in await one.stored()]
        assert (after.complete, after.missing_stages) == (True, [])
        assert one.engine.counters.records == {"stored": 1, "incomplete": 1, "updated": 1}


async def test_acknowledged_spans_survive_a_kill(otlp: Any, bench: Any, tmp_path: Path) -> None:
    spans = otlp.prediction()
    async with bench(tmp_path / "q.sqlite3") as one:
        for span in spans[:-2]:
            await one.engine.deliver(otlp.request([span]))
        await one.kill()
        await one.start()
        await one.engine.deliver(otlp.request(spans[-2:]))
        (record,) = [QualityRecord.FromString(data) for data in await one.stored()]
        assert record.complete


async def test_redelivery_changes_nothing(otlp: Any, bench: Any, tmp_path: Path) -> None:
    request = otlp.request(otlp.prediction())
    async with bench(tmp_path / "q.sqlite3") as one:
        await one.engine.deliver(request)
        before = await one.stored()
        await one.engine.deliver(request)
        assert await one.stored() == before
        assert one.engine.counters.records == {"stored": 1, "unchanged": 1}
