"""Lateness of truth: what each day's verdicts are, hour by hour of event time after the day is over.

Two weeks of the half-year again, an hour of event time at a time: after each hour, what has landed by then is told,
and what the engine makes of it is waited for before the next hour is sent.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.flights.flight import DAY_S, HOUR_S, Flight, by_time
from bench.flights.half_year import half_year
from bench.flights.replay import Replay
from bench.flights.services import Services, judged
from bench.flights.story import CALLERS, CONSUMER, as_shipped
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_common.catalogue import CATALOGUE, parse_key
from tests.support.stack import Stack, running_stack

DAYS = 14
HOURS_AFTER = 12
FIGURES = ("label_coverage", "accuracy", "record_completeness")

Say = Callable[[str], None]


def run(folder: Path, say: Say, *, days: int = DAYS) -> dict[str, Any]:
    """Replay and return the result document."""
    everything = half_year()
    first_s = (everything[0].departure_s // DAY_S + 1) * DAY_S  # the first whole day
    end_s = first_s + days * DAY_S + HOURS_AFTER * HOUR_S
    flights = [flight for flight in everything if flight.departure_s < end_s]
    with running_stack(folder, **as_shipped(folder)) as stack:
        history = asyncio.run(_history(stack, flights, first_s, end_s, say))
    return {
        "what": "verdicts that need truth, of each day, against hours of event time since its end",
        "flights": len(flights),
        "days": days,
        "hours_after": HOURS_AFTER,
        "history": history,
    }


async def _history(stack: Stack, flights: list[Flight], first_s: int, end_s: int, say: Say) -> list[dict[str, Any]]:
    departing = dict(by_time(flights, HOUR_S))
    history = []
    async with Services(stack.settings, CONSUMER) as services:
        replay = Replay(services, CALLERS)
        for now_s in range(min(departing), end_s + 1, HOUR_S):
            await replay.step(departing.get(now_s, []), now_s)
            day_s = (now_s - HOUR_S) // DAY_S * DAY_S - DAY_S
            after_h = (now_s - day_s) // HOUR_S - 24
            if day_s >= first_s and after_h <= HOURS_AFTER:
                (window,) = await services.windows_once(judged, DAY_S, day_s, day_s + DAY_S, figures=FIGURES)
                history.append({"after_h": after_h, **_state(window)})
            if after_h == HOURS_AFTER:
                say(f"{time.strftime('%Y-%m-%d', time.gmtime(day_s))}: {replay.sent:,} sent")
    return history


def _state(window: WindowReport) -> dict[str, Any]:
    return {
        "day": time.strftime("%Y-%m-%d", time.gmtime(window.start.seconds)),
        "coverage": round(window.figures["label_coverage"].value, 4),
        "accuracy": round(window.figures["accuracy"].value, 4),
        "verdicts": {
            one.objective: one.verdict for one in window.verdicts if CATALOGUE[_judged(one.figure)].needs_truth
        },
    }


def _judged(key: str) -> str:
    """The metric that a figure is of; of a spread, the one that is spread."""
    metric, of, _ = parse_key(key)
    return parse_key(of.rpartition(" by ")[0])[0] if metric == "spread" else metric
