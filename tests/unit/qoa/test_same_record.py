"""Invariant 2: a record is the same for every order, duplication, delay and split of its spans, and over restarts."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.settings import Settings
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive

SHAPES = (
    "ok", "fail-web", "fail-preprocess", "fail-inference", "no-web", "no-preprocess", "no-inference", "retry",
    "inference-only", "conflict",
)  # fmt: skip
STEPS = st.sampled_from(["tick", "late", "stop", "kill"])


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[int, int, str]], list[Any]]:
    """Predictions as (trace, entry, shape), and span indexes in batches with events in between."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=8))
    one_trace = draw(st.booleans())
    predictions = [(1 if one_trace else i + 1, 0x100 * (i + 1), shape) for i, shape in enumerate(shapes)]
    return predictions, draw(st.randoms(use_true_random=False)), draw(st.lists(STEPS, max_size=6))  # type: ignore[return-value]


def test_every_shape_is_covered(otlp: Any) -> None:
    assert set(SHAPES) == set(otlp.SHAPES)


@given(case=deliveries())
@settings(max_examples=60, deadline=None)
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
                await _deliver(one, otlp, order, random, list(steps))
                await one.engine.drain()
                assert one.engine.pending_spans == 0
                assert await one.store.journal() == []
                return await one.stored()

    assert asyncio.run(stored()) == expected


async def _deliver(one: Any, otlp: Any, order: list[Any], random: Any, steps: list[str]) -> None:
    while order:
        batches = []
        for _ in range(random.randint(1, 3)):  # at the same time, as from several services
            size = random.randint(min(1, len(order)), len(order))
            batches.append(otlp.request(order[:size]))
            order = order[size:]
        await asyncio.gather(*(one.engine.deliver(batch) for batch in batches))
        if not steps:
            continue
        match steps.pop():
            case "tick":
                one.now_s += 1.0
                await one.engine.tick()
            case "late":
                one.now_s += Settings().qoa_idle_timeout_s + 1
                await one.engine.tick()
            case "stop":
                await one.stop()
                await one.start()
            case "kill":
                await one.kill()
                await one.start()


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
        assert one.engine.counters.records == {"stored": 1, "updated": 1}


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
