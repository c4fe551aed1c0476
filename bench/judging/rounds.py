"""Rounds: the same load from RabbitMQ into engines that store, that fold too, and that judge too, in turn."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.engine.traffic import messages
from bench.figures import ratios, spread
from bench.judging.drained import Load, drain
from bench.judging.promises import write_contracts
from bench.judging.traffic import CONSUMERS, MODELS, first_of_each, mixed
from tests.support.parts import Broker

ROUNDS = 3
PREDICTIONS = 50_000
PER_SECOND = 2500
"""Predictions in a second of event time: what comes in when 15,000 spans a second of six spans each do."""

CONTRACTS = 50
PER_MESSAGE = 85
WINDOWS = "10s,1m,1h,1d"
VARIANTS = ("stored", "folded", "judged")
_SERIES = len(CONSUMERS) * len(MODELS)
_BARS = 30
_RATES = ("spans_per_second", "spans_per_cpu_second", "cpu_us_per_span", "resident_mib")

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS

Say = Callable[[str], None]


def measure(
    broker: Broker, folder: Path, requests: Mapping[str, Sequence[ExportTraceServiceRequest]], say: Say
) -> dict[str, Any]:
    """All rounds; their medians, and how the variants compare."""
    load = _load(requests)
    objectives = write_contracts(folder / "contracts", CONTRACTS, CONSUMERS)
    (folder / "no contracts").mkdir()
    none = str(folder / "no contracts")
    how: tuple[dict[str, Any], ...] = (
        # Windows of a day are not over before the end, so that none is folded: as near as it gets to none at all.
        {"judged": False, "qoa_windows": "1d", "contracts_dir": none},
        {"judged": True, "qoa_windows": WINDOWS, "contracts_dir": none},
        {"judged": True, "qoa_windows": WINDOWS, "contracts_dir": str(folder / "contracts")},
    )
    variants = dict(zip(VARIANTS, how, strict=True))
    rounds = []
    for number in range(1, ROUNDS + 1):
        found = {name: drain(broker, folder / f"{name} {number}", load, **given) for name, given in variants.items()}
        rounds.append(found)
        told = (f"{name} {one['spans_per_cpu_second']:.0f}" for name, one in found.items())
        say(f"round {number}, spans per CPU second: {', '.join(told)}")
    profile = folder / "profile.json"
    drain(broker, folder / "profiled", load, profile=profile, **variants["judged"])
    return {
        "load": {
            "predictions": PREDICTIONS,
            "predictions_per_second_of_event_time": PER_SECOND,
            "consumers": len(CONSUMERS),
            "models": list(MODELS),
            "contracts": CONTRACTS,
            "objectives": objectives,
            "windows": WINDOWS,
        },
        **{name: {key: spread([one[name][key] for one in rounds]) for key in _RATES} for name in VARIANTS},
        "ratios": {
            f"spans_per_cpu_second_{name}_to_stored": _ratio(rounds, name, "stored") for name in ("folded", "judged")
        },
        "profile_share_of_busy_samples": _profile(profile),
        "rounds": rounds,
    }


def _load(requests: Mapping[str, Sequence[ExportTraceServiceRequest]]) -> Load:
    """From noon two days ago, so that every window is over once there is an event of a day later."""
    found = mixed(requests, CONSUMERS, Random(0))
    day_ns = (time.time_ns() // DAY_NS - 2) * DAY_NS
    sent = _sent(found, PREDICTIONS, seed=1, start_ns=day_ns + 12 * HOUR_NS)
    after = _sent(first_of_each(found, _SERIES), _SERIES, seed=2, start_ns=day_ns + 36 * HOUR_NS)
    return Load(sent, PREDICTIONS, after, day_ns + DAY_NS, _SERIES)


def _sent(found: Any, predictions: int, *, seed: int, start_ns: int) -> Any:
    gap_ns = 10**9 // PER_SECOND
    return messages(found, predictions, per_message=PER_MESSAGE, random=Random(seed), start_ns=start_ns, gap_ns=gap_ns)


def _ratio(rounds: Sequence[Mapping[str, Any]], of: str, to: str) -> dict[str, float]:
    return ratios(*([one[name]["spans_per_cpu_second"] for one in rounds] for name in (of, to)))


def _profile(file: Path) -> dict[str, float]:
    counts: dict[str, int] = json.loads(file.read_text())
    total = sum(counts.values())
    return {name: round(count / total, 4) for name, count in list(counts.items())[:_BARS]}
