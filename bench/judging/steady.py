"""Memory of an engine that judges, while predictions come at a fixed rate in the time in which they are made."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import linear_regression
from typing import Any

from bench.engine.capture import capture
from bench.engine.drained import publish
from bench.engine.traffic import Captured, messages
from bench.judging.drained import Engine, running_engine
from bench.judging.promises import write_contracts
from bench.judging.rounds import CONTRACTS, PER_MESSAGE, WINDOWS
from bench.judging.traffic import CONSUMERS, mixed
from tests.support.parts import Broker, new_site

SECONDS = 600.0
WARM_UP_S = 180.0
"""Left out of the trend: memories with a bound of their own are filled."""
PER_SECOND = 1000
"""Predictions, of six spans each."""
EVERY_S = 2.0

Say = Callable[[str], None]


def run(state_dir: Path, say: Say) -> dict[str, Any]:
    """Measure and return the result document."""
    say("capturing what the services export")
    found = mixed(capture(state_dir), CONSUMERS, Random(0))
    write_contracts(state_dir / "contracts", CONTRACTS, CONSUMERS)
    with tempfile.TemporaryDirectory() as folder, Broker(new_site(Path(folder))) as broker:
        say("RabbitMQ runs")
        settings = {"qoa_windows": WINDOWS, "contracts_dir": str(state_dir / "contracts")}
        with running_engine(broker, state_dir / "engine", **settings) as engine:
            seen = _watch(broker, engine, found, say)
            (verdicts,) = (engine.asked("SELECT count(*) FROM verdicts") or [[0]])[0]
    at_s, resident, cpu_s = ([one[key] for one in seen] for key in ("at_s", "resident_mib", "cpu_s"))
    return {
        "what": "resident memory of the QoA engine while it stores, folds and judges, MiB",
        "seconds": SECONDS,
        "predictions_per_second": PER_SECOND,
        "contracts": CONTRACTS,
        "verdicts": verdicts,
        "cores": round((cpu_s[-1] - cpu_s[0]) / (at_s[-1] - at_s[0]), 3),
        "records": seen[-1]["records"],
        "trend_mib_per_minute": _trend(at_s, resident),
        "seen": seen,
    }


def lines(document: dict[str, Any]) -> list[str]:
    """The figures, for a terminal."""
    first, last = document["seen"][0], document["seen"][-1]
    return [
        f"{document['records']:.0f} records and {document['verdicts']} verdicts by {document['cores']:.2f} cores, "
        f"{first['resident_mib']:.0f} to {last['resident_mib']:.0f} MiB, "
        f"{document['trend_mib_per_minute']:+.2f} MiB a minute"
    ]


def _watch(broker: Broker, engine: Engine, found: Captured, say: Say) -> list[dict[str, float]]:
    seen: list[dict[str, float]] = []
    start_s = time.monotonic()
    while (at_s := time.monotonic() - start_s) < SECONDS:
        turn = len(seen) + 1
        publish(broker, _some(found, seed=turn))
        used = engine.used()
        records = engine.records() or 0
        seen.append(
            {"at_s": round(at_s, 1), "records": records, **{key: used[key] for key in ("resident_mib", "cpu_s")}}
        )
        if turn % 15 == 0:
            say(f"{at_s:.0f} s: {used['resident_mib']:.0f} MiB, {records} records")
        time.sleep(max(0.0, start_s + turn * EVERY_S - time.monotonic()))
    return seen


def _some(found: Captured, *, seed: int) -> Sequence[Any]:
    """What comes in one turn, of the predictions where the last turn has left off."""
    count = int(PER_SECOND * EVERY_S)
    first = seed * count % len(found.predictions)
    turned = Captured(found.resources, found.predictions[first:] + found.predictions[:first])
    start_ns = time.time_ns() - int(EVERY_S * 1e9)
    return messages(
        turned,
        count,
        per_message=PER_MESSAGE,
        random=Random(seed),
        start_ns=start_ns,
        gap_ns=10**9 // PER_SECOND,
    )


def _trend(at_s: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the least-squares line after the warm-up, MiB a minute."""
    after = [(at / 60, value) for at, value in zip(at_s, values, strict=True) if at >= WARM_UP_S]
    return round(linear_regression(*zip(*after, strict=True)).slope, 3)
