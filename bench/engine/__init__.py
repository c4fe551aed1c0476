"""What the QoA engine alone can take, in process and from RabbitMQ, beside qoa4ml on the same broker."""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from bench.engine import alone, peer
from bench.engine.capture import capture
from bench.engine.drained import drain
from bench.engine.traffic import SIX_SPANS, Captured, Message, captured, messages
from bench.figures import ratios, spread
from tests.support.parts import Broker, new_site

ROUNDS = 5
SHAPES = {"six_spans": (SIX_SPANS, 85), "as_captured": (12, 42)}
"""Spans of a prediction, and predictions in a message."""

PREDICTIONS_ALONE = 10_000
PREDICTIONS_DRAINED = 20_000
_BARS = 20

Say = Callable[[str], None]
Round = dict[str, float]


def run(state_dir: Path, say: Say) -> dict[str, Any]:
    """Measure and return the result document."""
    say("capturing what the services export")
    requests = [request for one in capture(state_dir).values() for request in one]
    traffic = {name: captured(requests, spans) for name, (spans, _) in SHAPES.items()}
    peer.install()
    alone_of = {name: _alone(name, found, say) for name, found in traffic.items()}
    with tempfile.TemporaryDirectory() as folder, Broker(new_site(Path(folder))) as broker:
        say("RabbitMQ runs")
        rounds = []
        for number in range(1, ROUNDS + 1):
            sent = _messages(traffic["six_spans"], "six_spans", PREDICTIONS_DRAINED, seed=number)
            rounds.append(_round(broker, Path(folder) / f"round {number}", sent, say))
        profile = _profile(broker, Path(folder), sent)
        versions = _versions(broker)
    return {
        "what": "QoA engine: in process into SQLite; a process that drains RabbitMQ; and qoa4ml on the same broker",
        "versions": versions,
        "spans_a_prediction": {name: spans for name, (spans, _) in SHAPES.items()},
        "alone": alone_of,
        "drained": _summary([found["drained"] for found in rounds]),
        "qoa4ml": {variant: _summary([found[variant] for found in rounds]) for variant in peer.REPORTS},
        "ratios": {f"predictions_drained_to_reports_{variant}": _ratio(rounds, variant) for variant in peer.REPORTS},
        "profile_share_of_busy_samples": profile,
        "rounds": rounds,
    }


def _versions(broker: Broker) -> dict[str, str]:
    """Of what machine.py does not name."""
    return {
        "rabbitmq": broker.api("/overview")["rabbitmq_version"],
        "sqlite": sqlite3.sqlite_version,
        "qoa4ml": peer.version(),
        **{name: version(name) for name in ("pika", "orjson")},
    }


def lines(document: dict[str, Any]) -> list[str]:
    """The figures as a table."""
    rows = [(f"alone, {name}", "spans", document["alone"][name]) for name in SHAPES]
    rows += [("drained from RabbitMQ", "spans", document["drained"])]
    rows += [(f"qoa4ml, {variant}", "reports", document["qoa4ml"][variant]) for variant in peer.REPORTS]
    table = [f"{'':32}{'per second':>28}{'per CPU second':>28}"]
    for name, what, found in rows:
        wall, cpu = (_shown(found[f"{what}_per_{second}"]) for second in ("second", "cpu_second"))
        table.append(f"{f'{name}, {what}':32}{wall:>28}{cpu:>28}")
    return table + [f"{name}: {_shown(found)}" for name, found in document["ratios"].items()]


def _alone(name: str, found: Captured, say: Say) -> dict[str, Any]:
    sent = _messages(found, name, PREDICTIONS_ALONE, seed=0)
    rounds = [alone.rate(sent, PREDICTIONS_ALONE) for _ in range(ROUNDS)]
    say(f"alone, {name}: {spread([one['spans_per_cpu_second'] for one in rounds])['median']:.0f} spans per CPU second")
    return {**_summary(rounds), "rounds": rounds}


def _round(broker: Broker, folder: Path, sent: list[Message], say: Say) -> dict[str, Round]:
    drained = drain(broker, folder, sent, PREDICTIONS_DRAINED)
    drained["predictions_per_second"] = drained["spans_per_second"] / SIX_SPANS
    python = peer.install()
    reports = {variant: peer.reports(broker, python, variant) for variant in peer.REPORTS}
    say(
        f"{folder.name}: {drained['spans_per_second']:.0f} spans/s drained, "
        f"{reports['documented']['reports_per_second']:.0f} reports/s of qoa4ml"
    )
    return {"drained": drained, **reports}


def _profile(broker: Broker, folder: Path, sent: list[Message]) -> dict[str, float]:
    file = folder / "profile.json"
    drain(broker, folder / "profiled", sent, PREDICTIONS_DRAINED, profile=file)
    counts: dict[str, int] = json.loads(file.read_text())
    total = sum(counts.values())
    return {name: round(count / total, 4) for name, count in list(counts.items())[:_BARS]}


def _messages(found: Captured, shape: str, predictions: int, *, seed: int) -> list[Message]:
    per_message = SHAPES[shape][1]
    return messages(found, predictions, per_message=per_message, random=Random(seed), start_ns=time.time_ns())


def _summary(rounds: list[Round]) -> dict[str, Any]:
    return {key: spread([one[key] for one in rounds]) for key in rounds[0]}


def _ratio(rounds: list[dict[str, Round]], variant: str) -> dict[str, float]:
    predictions = [one["drained"]["predictions_per_second"] for one in rounds]
    return ratios(predictions, [one[variant]["reports_per_second"] for one in rounds])


def _shown(found: dict[str, float]) -> str:
    return f"{found['median']:,.0f} ({found['min']:,.0f} to {found['max']:,.0f})"
