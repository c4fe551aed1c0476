"""What it costs to fold and judge windows, in processor time by part, in process and on an SQLite file."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.engine.traffic import Message
from bench.judging.clock import Clock, parts_of_judging
from bench.judging.cpu import children, cpu_s
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.combine import combine
from hallmark_qoa.decode import decode
from hallmark_qoa.judge.judge import Judge
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.judge.promises import Promises
from hallmark_qoa.models import Models
from hallmark_qoa.stores.base import Batch, Store, Windows
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.windows.keeper import Keeper
from hallmark_qoa.windows.progress import Progress

DAY_NS = 86_400 * 10**9
_PRICE = 0.04


@dataclass(frozen=True, slots=True)
class Case:
    """What windows are made of, and by what they are judged."""

    sent: Sequence[Message]
    contracts: Path
    """Folder."""
    models: Path
    """Folder."""
    sizes_s: tuple[int, ...] = (10,)


async def judged(case: Case, file: Path, policy: Policy) -> dict[str, Any]:
    """Store what was sent, then fold and judge its windows: milliseconds by part, all windows together."""
    store = await SqliteStore.open(file)
    try:
        await _fill(store, case.sent)
        models = Models(case.models, cpu_hour_price=_PRICE)
        promises = Promises(case.contracts, time.monotonic)
        keeper = Keeper(store, models, Judge(store, models, promises, policy), case.sizes_s)
        # What is read once is no cost of a window.
        for contract in promises.contracts():
            models.context(contract.model.name)
        clock = Clock()
        workers = children()
        before_s = cpu_s(workers)
        with parts_of_judging(clock, store, policy), clock.running():
            await keeper.turn(Progress(time.time_ns() + 2 * DAY_NS, 0, 0, {}))
        clock.spent_s["policy"] += cpu_s(workers) - before_s
        return await _document(clock, store, case.sizes_s)
    finally:
        await store.close()


async def _fill(store: Store, sent: Sequence[Message]) -> None:
    assembler = Assembler(idle_timeout_s=5, max_pending_spans=10**9)
    for message in sent:
        spans = decode(message.body).spans
        await store.commit(Batch(assembler.add(spans, 0)), combine)


async def _document(clock: Clock, store: Store, sizes_s: Sequence[int]) -> dict[str, Any]:
    folds = [fold for size_s in sizes_s for fold in await store.folds(Windows(size_s))]
    verdicts = [one for size_s in sizes_s for one in await store.verdicts(Windows(size_s))]
    return {
        "windows": len({(fold.size_s, fold.start_ns, fold.consumer, fold.model) for fold in folds}),
        "folds": len(folds),
        "bytes_a_fold": round(sum(len(fold.aggregate) for fold in folds) / len(folds)),
        "verdicts": len(verdicts),
        "violated": sum(one.verdict == "violated" for one in verdicts),
        "cpu_ms": round(1e3 * clock.spent_s.total(), 3),
        "cpu_ms_by_part": {part: round(1e3 * spent_s, 3) for part, spent_s in clock.spent_s.most_common()},
        "calls": dict(clock.calls),
    }
