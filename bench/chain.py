"""The chain web → preprocess → inference with tracing on and off, in turn, against ONNX Runtime called directly.

Both stacks run at once and are loaded one after the other, round by round, so that a machine that drifts drifts for
both. Load generator and services share the machine, so throughput is what is left for the services.
"""

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import psutil
from tests.support.stack import ROOT, Stack

from bench.figures import ratios, spread
from bench.load import Outcome, drive
from hallmark.preprocess.v1.preprocess_pb2 import Images, Input
from hallmark.web.v1.web_pb2 import PredictRequest

ROUNDS = 5
SECONDS = 6.0
WARM_UP_SECONDS = 2.0
CALLERS = (1, 16)
HOPS = ("web", "preprocess", "inference", "qoa")

Say = Callable[[str], None]


def run(state_dir: Path, say: Say) -> dict[str, Any]:
    """Measure and return the result document."""
    stacks = {name: _start(state_dir / name, telemetry) for name, telemetry in (("on", "true"), ("off", "false"))}
    try:
        for name, stack in stacks.items():
            stack.wait_until_ready()
            say(f"warming up, tracing {name}")
            asyncio.run(drive(stack.settings.target("web"), digits_request(), callers=4, seconds=WARM_UP_SECONDS))
        cases = {f"callers_{callers}": _case(stacks, callers, say) for callers in CALLERS}
    finally:
        for stack in stacks.values():
            stack.stop()
    return {"what": "chain of three services, model digits, gRPC", "seconds_a_round": SECONDS, "cases": cases}


def _start(folder: Path, telemetry: str) -> Stack:
    folder.mkdir(parents=True)
    return Stack(folder, telemetry=telemetry)


def digits_request() -> PredictRequest:
    """A request with the first of the held-out digits that are shipped with the model."""
    with gzip.open(ROOT / "models/digits/sample.jsonl.gz", "rt") as lines:
        image = base64.b64decode(json.loads(next(lines))["input"]["image_png_base64"])
    return PredictRequest(model="digits", input=Input(images=Images(files=[image])))


def _case(stacks: dict[str, Stack], callers: int, say: Say) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in stacks}
    direct: list[float] = []
    for number in range(ROUNDS):
        for name, stack in stacks.items():
            rounds[name].append(_round(stack, callers))
            rate = rounds[name][-1]["per_second"]
            say(f"{callers} callers, round {number + 1}, tracing {name}: {rate:.0f} requests/s")
        direct.append(_onnxruntime_per_second())
    raw = {name: [r["per_second"] for r in found] for name, found in rounds.items()}
    return {
        "tracing_on": _summary(rounds["on"]),
        "tracing_off": _summary(rounds["off"]),
        "onnxruntime_direct_per_second": spread(direct),
        "ratio_on_to_off": ratios(raw["on"], raw["off"]),
        "ratio_on_to_onnxruntime": ratios(raw["on"], direct),
        "rounds": {**rounds, "onnxruntime": direct},
    }


def _round(stack: Stack, callers: int) -> dict[str, Any]:
    processes = _processes(stack)
    before = _cpu_s(processes)
    outcome: Outcome = asyncio.run(
        drive(stack.settings.target("web"), digits_request(), callers=callers, seconds=SECONDS)
    )
    after = _cpu_s(processes)
    cpu = {hop: (after[hop] - before[hop]) / outcome.requests * 1e6 for hop in processes}
    return {
        "per_second": outcome.per_second,
        "p50_ms": outcome.p50_ms,
        "p99_ms": outcome.p99_ms,
        "failed": outcome.failed,
        "cpu_us_per_request": cpu,
    }


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    figures = {key: spread([r[key] for r in rounds]) for key in ("per_second", "p50_ms", "p99_ms")}
    cpu = {hop: spread([r["cpu_us_per_request"][hop] for r in rounds]) for hop in rounds[0]["cpu_us_per_request"]}
    return {**figures, "cpu_us_per_request": cpu, "failed": sum(r["failed"] for r in rounds)}


def _processes(stack: Stack) -> dict[str, psutil.Process]:
    found = {}
    for child in psutil.Process(stack.process.pid).children(recursive=True):
        for hop in HOPS:
            if f"hallmark_{hop}" in " ".join(child.cmdline()):
                found[hop] = child
    return found


def _cpu_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    return {hop: sum(process.cpu_times()[:2]) for hop, process in processes.items()}


def _onnxruntime_per_second() -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(ROOT / "models/digits/1/model.onnx", options)
    feed = {session.get_inputs()[0].name: np.zeros((1, 1, 28, 28), np.float32)}
    count, until = 0, time.perf_counter() + 1
    while time.perf_counter() < until:
        session.run(None, feed)
        count += 1
    return float(count)
