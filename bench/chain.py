"""The chain web → preprocess → inference with telemetry on, off, and on with nobody to receive it; in turn.

All three stacks run at once and are loaded one after the other, round by round, so that a machine that drifts drifts
for all. ONNX Runtime called directly, one thread, is the peer: what the same machine could do without services. Load
generator and services share the machine, so throughput is what it leaves them.
"""

import asyncio
import base64
import gzip
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import psutil

from bench.figures import ratios, spread
from bench.load import drive
from hallmark.preprocess.v1.preprocess_pb2 import Images, Input
from hallmark.web.v1.web_pb2 import PredictRequest
from tests.support.command import ROOT
from tests.support.stack import Stack

ROUNDS = 7
SECONDS = 5.0
WARM_UP_SECONDS = 2.0
CALLERS = (1, 16)
HOPS = ("web", "preprocess", "inference", "qoa")
NOBODY = "http://127.0.0.1:9"
"""An endpoint that refuses: the discard port, where no service listens."""

Say = Callable[[str], None]
Round = dict[str, Any]


def run(state_dir: Path, say: Say) -> dict[str, Any]:
    """Measure and return the result document."""
    with ExitStack() as running:
        stacks = {
            "on": running.enter_context(_start(state_dir / "on")),
            "off": running.enter_context(_start(state_dir / "off", telemetry="false")),
            "dead": running.enter_context(_start(state_dir / "dead", endpoint=NOBODY)),
        }
        for name, stack in stacks.items():
            stack.wait_until_ready()
            say(f"warming up, telemetry {name}")
            asyncio.run(drive(stack.settings.target("web"), digits_request(), callers=4, seconds=WARM_UP_SECONDS))
        cases = {f"callers_{callers}": _case(stacks, callers, say) for callers in CALLERS}
        for stack in stacks.values():
            stack.stop()
    return {"what": "chain of three services, model digits, gRPC", "seconds_a_round": SECONDS, "cases": cases}


def lines(document: dict[str, Any]) -> list[str]:
    """The figures that matter most, one line each."""
    return [
        f"{name}, telemetry {telemetry}: {case[f'telemetry_{telemetry}']['per_second']['median']:.0f} requests/s, "
        f"p50 {case[f'telemetry_{telemetry}']['p50_ms']['median']:.2f} ms, "
        f"p99 {case[f'telemetry_{telemetry}']['p99_ms']['median']:.2f} ms"
        for name, case in document["cases"].items()
        for telemetry in ("on", "off", "dead")
    ]


def digits_request() -> PredictRequest:
    """A request with the first of the held-out digits that are shipped with the model."""
    with gzip.open(ROOT / "models/digits/sample.jsonl.gz", "rt") as lines:
        image = base64.b64decode(json.loads(next(lines))["input"]["image_png_base64"])
    return PredictRequest(model="digits", input=Input(images=Images(files=[image])))


def _start(folder: Path, *, endpoint: str = "", **settings: str) -> Stack:
    folder.mkdir(parents=True)
    if endpoint:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    try:
        return Stack(folder, **settings)
    finally:
        os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)


def _case(stacks: dict[str, Stack], callers: int, say: Say) -> dict[str, Any]:
    rounds: dict[str, list[Round]] = {name: [] for name in stacks}
    direct: list[float] = []
    for number in range(ROUNDS):
        for name, stack in stacks.items():
            found = _round(stack, callers)
            rounds[name].append(found)
            say(f"{callers} callers, round {number + 1}, telemetry {name}: {found['per_second']:.0f} requests/s")
        direct.append(_onnxruntime_per_second())
    return {
        **{f"telemetry_{name}": _summary(found) for name, found in rounds.items()},
        "onnxruntime_direct_per_second": spread(direct),
        "ratios": {
            "per_second_on_to_off": _ratio(rounds, "per_second", "on", "off"),
            "p50_on_to_off": _ratio(rounds, "p50_ms", "on", "off"),
            "per_second_dead_to_on": _ratio(rounds, "per_second", "dead", "on"),
            "p50_dead_to_on": _ratio(rounds, "p50_ms", "dead", "on"),
            "p99_dead_to_on": _ratio(rounds, "p99_ms", "dead", "on"),
            "per_second_on_to_onnxruntime": ratios([r["per_second"] for r in rounds["on"]], direct),
        },
        "rounds": {**rounds, "onnxruntime": direct},
    }


def _ratio(rounds: dict[str, list[Round]], figure: str, a: str, b: str) -> dict[str, float]:
    return ratios([r[figure] for r in rounds[a]], [r[figure] for r in rounds[b]])


def _round(stack: Stack, callers: int) -> Round:
    processes = {hop: stack.child(hop) for hop in HOPS}
    before = _cpu_s(processes)
    outcome = asyncio.run(drive(stack.settings.target("web"), digits_request(), callers=callers, seconds=SECONDS))
    after = _cpu_s(processes)
    return {
        "per_second": outcome.per_second,
        "p50_ms": outcome.p50_ms,
        "p99_ms": outcome.p99_ms,
        "failed": outcome.failed,
        "cpu_us_per_request": {hop: (after[hop] - before[hop]) / outcome.requests * 1e6 for hop in HOPS},
        "resident_mib": {hop: process.memory_info().rss / 2**20 for hop, process in processes.items()},
    }


def _summary(rounds: list[Round]) -> dict[str, Any]:
    figures = {key: spread([r[key] for r in rounds]) for key in ("per_second", "p50_ms", "p99_ms")}
    cpu = {hop: spread([r["cpu_us_per_request"][hop] for r in rounds]) for hop in HOPS}
    memory = {hop: spread([r["resident_mib"][hop] for r in rounds]) for hop in HOPS}
    failed = sum(r["failed"] for r in rounds)
    return {**figures, "cpu_us_per_request": cpu, "resident_mib": memory, "failed": failed}


def _cpu_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    return {hop: sum(process.cpu_times()[:2]) for hop, process in processes.items()}


def _onnxruntime_per_second() -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(ROOT / "models/digits/1/model.onnx", options)
    feed = {session.get_inputs()[0].name: np.zeros((1, 1, 28, 28), np.float32)}
    count, started = 0, time.perf_counter()
    while time.perf_counter() < started + 1:
        session.run(None, feed)
        count += 1
    return count / (time.perf_counter() - started)
