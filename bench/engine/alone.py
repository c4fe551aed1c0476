"""The engine alone: batches of bytes in, records in an SQLite file, in this process."""

import asyncio
import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.engine.traffic import Message
from hallmark_common.service import GC_THRESHOLD
from hallmark_common.settings import Settings
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.engine import Engine
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.watch import Watchers

AT_ONCE = 16
"""Batches delivered and not acknowledged."""


def rate(sent: Sequence[Message], predictions: int) -> dict[str, float]:
    """Spans a second of wall time and of processor time of all threads, from bytes to committed."""
    threshold = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return uvloop.run(_run(Path(folder) / "qoa.sqlite3", sent, predictions))
    finally:
        gc.set_threshold(*threshold)


async def _run(path: Path, sent: Sequence[Message], predictions: int) -> dict[str, float]:
    settings = Settings()
    store = await SqliteStore.open(path)
    assembler = Assembler(idle_timeout_s=settings.qoa_idle_timeout_s, max_pending_spans=settings.qoa_max_pending_spans)
    engine = Engine(store, assembler, Watchers(1), clock=time.monotonic)
    waiting = iter(sent)

    async def deliver() -> None:
        for message in waiting:
            await engine.deliver(message.body, kept=True)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(deliver() for _ in range(AT_ONCE)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert engine.counters.records["stored"] == predictions, engine.counters.records
    await store.close()
    spans = sum(message.spans for message in sent)
    return {"spans_per_second": spans / wall, "spans_per_cpu_second": spans / cpu}
