"""Contracts of a benchmark: what each consumer is owed of each model, some of it more than there is."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.judging.traffic import MODELS

IMPOSSIBLE_S = 0.0001
"""No answer comes so soon: promised of every fifth contract, so that blame and evidence are looked for."""

_COLUMNS = {
    "flights": ("carrier", "origin", "dest", "hour", "distance", "temp", "wind_speed", "humid"),
    "digits": ("brightness", "contrast", "sharpness"),
}
_SEGMENTS = {"flights": ({"carrier": "UA"}, {"origin": "JFK"}), "digits": ({"size": "28..64"},)}


def write_contracts(folder: Path, count: int, consumers: Sequence[str], models: Mapping[str, str] = MODELS) -> int:
    """Write so many contracts, going round consumers and models; how many objectives they have."""
    folder.mkdir(parents=True)
    objectives = 0
    series = cycle([(consumer, model) for model in models for consumer in consumers])
    for number, (consumer, model) in enumerate(islice(series, count)):
        document = _contract(number, consumer, model)
        objectives += len(document["objectives"])
        (folder / f"{document['name']}.yaml").write_text(json.dumps(document))
    return objectives


def _contract(number: int, consumer: str, model: str) -> dict[str, Any]:
    objectives = [{"name": f"objective-{place}", **one} for place, one in enumerate(_objectives(number, model))]
    return {
        "name": f"contract-{number:03}",
        "consumer": consumer,
        "model": {"name": model},
        "objectives": objectives,
    }


def _objectives(number: int, model: str) -> Iterator[dict[str, Any]]:
    """Eight of them: service by the ten seconds, data and drift by the minute, more by the hour and the day."""
    source = MODELS[model]
    column = _COLUMNS[source][number % len(_COLUMNS[source])]
    segment = _SEGMENTS[source][number % len(_SEGMENTS[source])]
    soon = IMPOSSIBLE_S if number % 5 == 0 else 10.0
    yield _promise("response_time", "<=", soon, "10s", aggregate="p95")
    yield _promise("stage_time", "<=", 10.0, "10s", of="preprocess", aggregate="p95")
    yield _promise("availability", ">=", 0.9, "10s")
    yield _promise("psi", "<=", 1000.0, "1m", of=column)
    yield _promise("validity", ">=", 0.5, "1m")
    yield _promise("response_time", "<=", soon, "1m", aggregate="p99", segment=segment)
    yield _promise("kolmogorov_smirnov" if source == "digits" else "psi", "<=", 1.0, "1h", of=_drifting(source))
    yield _promise("reliability", ">=", 0.9, "1d", budget={"target": 0.99, "period": "7d"})


def _drifting(source: str) -> str:
    return "brightness" if source == "digits" else "@prediction"


def _promise(metric: str, operator: str, threshold: float, window: str, **more: Any) -> dict[str, Any]:
    return {"metric": metric, "operator": operator, "threshold": threshold, "window": window, **more}
