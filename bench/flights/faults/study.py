"""Study: thresholds from fault-free runs, then every kind of fault with every seed, and a table of who found what."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.flights.faults.drive import Seen, drive, look
from bench.flights.faults.house import FROZEN_S, RUNNING_S, House
from bench.flights.faults.plan import KINDS, NONE, PER_WINDOW, WINDOW_S, WINDOWS, Plan, plan
from bench.flights.faults.rules import KEYS, OBJECTIVES, RULES, Alarm, Thresholds, alarms, contract, thresholds
from bench.flights.flight import Flight
from bench.flights.half_year import half_year

SEEDS = 20
FIRST_SEED = 100
"""The contract of the study was chosen by what it found on seeds 0 to 19; these had not been seen then."""
FIRST_SEED_OF_THRESHOLDS = 1000
SOON = 2
"""Windows within which a fault is to be found."""

Say = Callable[[str], None]


def run(folder: Path, say: Say, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Measure and return the result document."""
    flights = half_year()
    with House(folder).running() as house:
        return asyncio.run(_study(house, flights, seeds, say))


async def _study(house: House, flights: Sequence[Flight], seeds: int, say: Say) -> dict[str, Any]:
    plain = [plan(NONE, FIRST_SEED_OF_THRESHOLDS + seed, flights) for seed in range(seeds)]
    found = thresholds(await _all(house, plain, say))
    (house.contracts / "study.yaml").write_text(contract(found))
    runs: list[dict[str, Any]] = []
    for kind in KINDS:
        plans = [plan(kind, FIRST_SEED + seed, flights) for seed in range(seeds)]
        seen = await _all(house, plans, say)
        runs += [_run(one, what, found) for one, what in zip(plans, seen, strict=True)]
        say(f"{kind}: {_line(kind, runs)}")
    return {
        "what": "faults put into running services: who finds them, how soon, and what is blamed",
        "design": {
            "windows": WINDOWS,
            "window_s": WINDOW_S,
            "predictions_a_window": PER_WINDOW,
            "seeds": seeds,
            "frozen_ms": 1e3 * FROZEN_S,
            "running_ms": 1e3 * RUNNING_S,
            "objectives": [objective.key for objective in OBJECTIVES],
        },
        "thresholds": found,
        "table": {rule: {kind: score(runs, rule, kind) for kind in KINDS} for rule in RULES},
        "runs": runs,
    }


async def _all(house: House, plans: Sequence[Plan], say: Say) -> list[Seen]:
    started_s = time.monotonic()
    seen = [await drive(house, one, KEYS) for one in plans]
    say(f"{plans[0].fault}: {len(plans)} runs sent in {time.monotonic() - started_s:.0f} s")
    return [found or await look(house, one, KEYS) for one, found in zip(plans, seen, strict=True)]


def _run(one: Plan, seen: Seen, found: Thresholds) -> dict[str, Any]:
    return {
        "fault": one.fault,
        "seed": one.seed,
        "first": one.first,
        "cause": one.cause and [one.cause.kind, one.cause.name],
        "detail": one.detail,
        "verdicts": [window.verdict for window in seen.windows],
        "alarms": {rule: [_alarm(alarm) for alarm in alarms(rule, seen, found)] for rule in RULES},
    }


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "window": alarm.window,
        "blames": [[cause.kind, cause.name] for cause in alarm.blames],
        "awaited_truth": alarm.awaited,
    }


def score(runs: Sequence[dict[str, Any]], rule: str, kind: str) -> dict[str, Any]:
    """What a rule made of the runs of a kind.

    The delay is in windows from the start of the fault to the end of the one that raised the alarm, one more where
    that had to wait for the truth. Windows before the fault count as fault-free.
    """
    mine = [run for run in runs if run["fault"] == kind]
    first = [next((one for one in run["alarms"][rule] if one["window"] >= run["first"]), None) for run in mine]
    hits = [(run, one) for run, one in zip(mine, first, strict=True) if one is not None]
    delays = [one["window"] - run["first"] + 1 + one["awaited_truth"] for run, one in hits]
    false = sum(one["window"] < run["first"] for run in mine for one in run["alarms"][rule])
    return {
        "runs": len(mine),
        "detected": len(hits),
        "within_two_windows": sum(delay <= SOON for delay in delays),
        "delay_median": median(delays) if delays else None,
        "delay_worst": max(delays, default=None),
        "right_blame": sum(run["cause"] in one["blames"] for run, one in hits),
        "nothing_else_blamed": sum(one["blames"] == [run["cause"]] for run, one in hits),
        "false_alarms": false,
        "fault_free_windows": sum(run["first"] for run in mine),
    }


def _line(kind: str, runs: Sequence[dict[str, Any]]) -> str:
    return "; ".join(
        f"{rule} {found['within_two_windows']}/{found['runs']}, blame {found['right_blame']}, "
        f"{found['false_alarms']} false in {found['fault_free_windows']}"
        for rule, found in ((rule, score(runs, rule, kind)) for rule in RULES)
    )
