"""Half a year of flights through the real services, with the truth of each told when it has landed."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.figures import percentile
from bench.flights.flight import DAY_S, HOUR_S, Flight
from bench.flights.half_year import half_year
from bench.flights.replay import Replay
from bench.flights.services import Services, judged
from bench.flights.stored import gather
from tests.support.command import ROOT
from tests.support.stack import Stack, running_stack

CONSUMER = "operations"
CALLERS = 12
STEP_S = 2 * HOUR_S
"""Of event time: what lands within is told together."""
SETTINGS = {"qoa_windows": "1h,1d", "log_level": "WARNING"}
AS_SHIPPED = ("contracts", "policies")
JUDGED_WITHIN_S = 300.0
"""How long the engine may take for what is left at the end."""

Say = Callable[[str], None]


def run(folder: Path, say: Say, flights: list[Flight] | None = None) -> dict[str, Any]:
    """Replay and return the result document."""
    flights = half_year() if flights is None else flights
    say(f"{len(flights):,} flights, of which {sum(flight.landed_s is None for flight in flights):,} never land")
    with running_stack(folder, **as_shipped(folder)) as stack:
        document = asyncio.run(_replay(stack, flights, say))
    return {**document, **asyncio.run(gather(folder, CONSUMER))}


def as_shipped(folder: Path) -> dict[str, str]:
    """Settings of a stack.

    Contracts and policy are copied as they are now: they are read again whenever they change, and a run takes long.
    """
    for name in AS_SHIPPED:
        shutil.copytree(ROOT / name, folder / name)
    return {**SETTINGS, **{f"{name}_dir": str(folder / name) for name in AS_SHIPPED}}


async def _replay(stack: Stack, flights: list[Flight], say: Say) -> dict[str, Any]:
    started_s = time.perf_counter()
    async with Services(stack.settings, CONSUMER) as services:
        replay = Replay(services, CALLERS)
        told = _Progress(replay, started_s, say)
        await replay.run(flights, STEP_S, told)
        sent_s = time.perf_counter() - started_s
        say(f"{replay.sent:,} sent in {sent_s:.0f} s; the last ones land")
        await replay.land()
        before_s = flights[-1].departure_s + HOUR_S
        await services.windows_once(judged, DAY_S, 0, before_s, timeout_s=JUDGED_WITHIN_S)
        judged_s = time.perf_counter() - started_s
    calls = services.calls
    latencies_ms = sorted(calls.latencies_ms)
    return {
        "scheduled": len(flights),
        "flights": replay.sent,
        "never_landed": sum(flight.landed_s is None for flight in flights),
        "never_late_accuracy": never_late_accuracy(flights),
        "answered": len(latencies_ms),
        "failed": dict(calls.failed),
        "truths": dict(calls.truths),
        "callers": CALLERS,
        "sent_in_s": round(sent_s, 1),
        "judged_after_s": round(judged_s - sent_s, 1),
        "per_second": round(len(flights) / sent_s, 1),
        "latency_ms": {f"p{share}": round(percentile(latencies_ms, share / 100), 1) for share in (50, 95, 99)},
        "cpu_s": {name: round(_cpu_s(stack, name), 1) for name in ("web", "preprocess", "inference", "qoa")},
    }


def never_late_accuracy(flights: Sequence[Flight]) -> float:
    """Of somebody who never says "late"."""
    landed = [flight for flight in flights if flight.landed_s is not None]
    return sum(not flight.late for flight in landed) / len(landed)


class _Progress:
    """Tells every ten days of event time how far it is."""

    def __init__(self, replay: Replay, started_s: float, say: Say) -> None:
        self._replay = replay
        self._started_s = started_s
        self._say = say
        self._told = 0

    async def __call__(self, event_s: int) -> None:
        if event_s // (10 * DAY_S) == self._told:
            return
        self._told = event_s // (10 * DAY_S)
        took_s = time.perf_counter() - self._started_s
        day = time.strftime("%Y-%m-%d", time.gmtime(event_s))
        self._say(f"{day}: {self._replay.sent:,} sent, {self._replay.sent / took_s:.0f}/s")


def _cpu_s(stack: Stack, service: str) -> float:
    process: psutil.Process = stack.child(service)
    return sum(process.cpu_times()[:2])
