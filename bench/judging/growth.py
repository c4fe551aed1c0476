"""How the cost of a window grows with records, segments, contracts and consumers."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.engine.traffic import messages
from bench.judging.promises import write_contracts
from bench.judging.traffic import mixed
from bench.judging.windows import Case, judged
from hallmark_common.model_spec import MODEL_FILE
from hallmark_qoa.judge.policy.open import Policy
from tests.support.command import ROOT

MODEL = "flights"
WINDOW_NS = 10 * 10**9
PER_MESSAGE = 85

SEGMENTS: Mapping[int, Sequence[Mapping[str, Any]]] = {
    0: (),
    4: ({"name": "origin", "column": "origin"},),
    20: ({"name": "origin", "column": "origin"}, {"name": "carrier", "column": "carrier"}),
    64: (
        *({"name": name, "column": name} for name in ("origin", "carrier", "weekday")),
        {"name": "dest", "column": "dest"},
        {"name": "hour", "column": "hour", "edges": [12]},
    ),
}
"""Dimensions by about how many segments they make, ``other`` included."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one measurement is about."""

    records: int = 1000
    """In all windows of ten seconds together."""
    segments: int = 20
    contracts: int = 5
    consumers: int = 1
    windows: int = 1
    """Of ten seconds for each consumer."""
    sizes_s: tuple[int, ...] = (10,)


BASE = Point()
ROLLED_UP = replace(BASE, records=6 * BASE.records, windows=6, sizes_s=(10, 60, 3600, 86_400))
AXES: Mapping[str, Sequence[int]] = {
    "records": (30, 100, 300, 1000, 3000),
    "segments": tuple(SEGMENTS),
    "contracts": (1, 10, 50, 100, 200),
    "consumers": (1, 3, 10, 30, 100),
}


class Growth:
    """Measures points, each in a folder and on a store of its own."""

    def __init__(
        self, folder: Path, requests: Mapping[str, Sequence[ExportTraceServiceRequest]], policy: Policy
    ) -> None:
        self._folder = folder
        self._requests = {MODEL: requests[MODEL]}
        self._policy = policy
        self._numbers = count()

    async def point(self, point: Point) -> dict[str, Any]:
        """Milliseconds of processor time by part."""
        folder = self._folder / f"point {next(self._numbers)}"
        folder.mkdir(parents=True)
        consumers = [f"consumer-{number}" for number in range(point.consumers)]
        models = {MODEL: MODEL}
        write_contracts(folder / "contracts", point.contracts, consumers, models)
        _write_model(folder / "models" / MODEL, SEGMENTS[point.segments])
        per_series = min(point.records // point.consumers, 1000)
        found = mixed(self._requests, consumers, Random(0), models=models, per_series=per_series)
        sent = messages(
            found,
            point.records,
            per_message=PER_MESSAGE,
            random=Random(1),
            start_ns=time.time_ns() // (360 * WINDOW_NS) * 360 * WINDOW_NS,
            gap_ns=point.windows * WINDOW_NS // point.records,
        )
        case = Case(sent, folder / "contracts", folder / "models", point.sizes_s)
        return await judged(case, folder / "qoa.sqlite3", self._policy)

    async def axis(self, name: str) -> list[dict[str, Any]]:
        """Points that differ from the base in one way."""
        return [{name: value, **await self.point(_differing(name, value))} for value in AXES[name]]


def _differing(name: str, value: int) -> Point:
    changed: dict[str, Any] = {name: value}
    return replace(BASE, **changed)


def _write_model(folder: Path, segments: Sequence[Mapping[str, Any]]) -> None:
    folder.mkdir(parents=True)
    source = ROOT / "models" / MODEL
    document = yaml.safe_load((source / MODEL_FILE).read_text())
    document["segments"] = [dict(one) for one in segments]
    (folder / MODEL_FILE).write_text(yaml.safe_dump(document))
    shutil.copy(source / document["reference"], folder)
