"""What judging costs: an engine with contracts, consumers and drift on, and each part of a window."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engine.capture import capture
from bench.judging import policies, rounds
from bench.judging.growth import AXES, BASE, ROLLED_UP, Growth
from bench.judging.picture import draw
from hallmark_qoa.judge.policy.rego import RegoPolicy
from tests.support.opa import POLICIES
from tests.support.parts import Broker, new_site

Say = Callable[[str], None]


def run(state_dir: Path, say: Say) -> dict[str, Any]:
    """Measure, draw, and return the result document."""
    say("capturing what the services export")
    requests = capture(state_dir)
    with tempfile.TemporaryDirectory() as folder, Broker(new_site(Path(folder))) as broker:
        say("RabbitMQ runs")
        drained = rounds.measure(broker, Path(folder) / "rounds", requests, say)
    windows = asyncio.run(_windows(state_dir, requests, say))
    draw(windows["growth"])
    return {
        "what": "QoA engine that drains RabbitMQ, folds windows and judges contracts; and what each part of that costs",
        "drained": drained,
        "windows": windows,
    }


async def _windows(state_dir: Path, requests: Any, say: Say) -> dict[str, Any]:
    say("windows, part by part")
    policy = RegoPolicy(POLICIES)
    growth = Growth(state_dir / "growth", requests, policy)
    try:
        await growth.point(BASE)  # what is read once is read now
        return {
            "one_of_ten_seconds": await growth.point(BASE),
            "rolled_up": await growth.point(ROLLED_UP),
            "policies_us_per_fact": await policies.measure(state_dir),
            "growth": {name: await growth.axis(name) for name in AXES},
        }
    finally:
        await policy.close()


def lines(document: dict[str, Any]) -> list[str]:
    """The figures that matter most, for a terminal."""
    drained, windows = document["drained"], document["windows"]
    rates = {name: drained[name]["spans_per_cpu_second"] for name in rounds.VARIANTS}
    told = [f"{name}: {_shown(found)} spans per CPU second" for name, found in rates.items()]
    compared = [f"{name}: {_shown(found)}" for name, found in drained["ratios"].items()]
    one = windows["one_of_ten_seconds"]
    parts = ", ".join(f"{part} {ms:.1f}" for part, ms in one["cpu_ms_by_part"].items())
    return [*told, *compared, f"a window of {BASE.records} records: {one['cpu_ms']:.1f} ms ({parts})"]


def _shown(found: dict[str, float]) -> str:
    return f"{found['median']:,.4g} ({found['min']:,.4g} to {found['max']:,.4g})"
