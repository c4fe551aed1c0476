"""The RabbitMQ exporter against a bare loop of amqp091 that publishes ready-made messages, on one broker in turn.

The program that measures is Go, as both sides are: otel-collector/rabbitmqexporter/bench.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figures import spread
from tests.support.command import ROOT
from tests.support.parts import Broker, new_site

ROUNDS = 15
SECONDS = 2.0
CONSUMERS = (4, 10)
"""Pushes at once: as otel-collector/config.yaml has it, and the default of the collector's queues."""


def run(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return the result document."""
    with Broker(new_site(folder)) as broker:
        cases = {f"consumers_{count}": _case(broker, folder, count, say) for count in CONSUMERS}
    return {"what": "spans a second from OTLP to confirmed by quorum queues", "cases": cases}


def _case(broker: Broker, folder: Path, consumers: int, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"exporter and bare loop in turn, {ROUNDS} rounds, {consumers} pushes at once")
    out = folder / "exporter.json"
    subprocess.run(
        [
            *("go", "run", "./bench", "-url", broker.url("operator"), "-out", str(out)),
            *("-rounds", str(ROUNDS), "-seconds", str(SECONDS), "-consumers", str(consumers)),
        ],
        cwd=ROOT / "otel-collector" / "rabbitmqexporter",
        check=True,
        stdout=subprocess.DEVNULL,
    )
    found = dict(json.loads(out.read_text()))
    # Of the pairs of one round each, so that it holds when the machine drifts.
    found["ratio"] = spread(found["ratios"])
    return found


def lines(document: dict[str, Any]) -> list[str]:
    """The figures, for a terminal."""
    return [
        f"{name}: exporter {_median(case, 'exporter')} spans/s, bare loop {_median(case, 'bare')}, ratio "
        f"{case['ratio']['median']} ({case['ratio']['min']} to {case['ratio']['max']})"
        for name, case in document["cases"].items()
    ]


def _median(case: dict[str, Any], side: str) -> str:
    return f"{case[side]['spans_per_second']['median']:,.0f}"
