"""What it costs to have facts judged: by the interpreter beside the engine, and by an OPA server."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from bench.figures import spread
from bench.judging.cpu import children, cpu_s, of_all
from hallmark_qoa.judge.facts import Facts
from hallmark_qoa.judge.policy.opa import OpaPolicy
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.judge.policy.rego import RegoPolicy
from hallmark_qoa.judge.policy.trial import SAMPLES
from tests.support.opa import POLICIES, Opa

COUNTS = (1, 10, 100)
"""Facts of a window."""
REPEATS = 15


async def measure(folder: Path) -> dict[str, Any]:
    """Microseconds per fact: of the clock, of this process, of that which judges; by policy and facts of a window."""
    with Opa(folder) as opa:
        assert opa.process is not None
        server = psutil.Process(opa.process.pid)
        policies: Mapping[str, tuple[Policy, Callable[[], float]]] = {
            "regopy": (RegoPolicy(POLICIES), lambda: cpu_s(children(but=server.pid))),
            "opa": (OpaPolicy(opa.url), lambda: of_all(server)[0]),
        }
        found: dict[str, Any] = {}
        for name, (policy, other_s) in policies.items():
            found[name] = {str(count): await _rounds(policy, count, other_s) for count in COUNTS}
            await policy.close()
    return found


def facts(count: int) -> list[Facts]:
    """Of as many objectives, of which every fifth is violated."""
    return [replace(SAMPLES[number % 5 == 0], objective=f"objective-{number}") for number in range(count)]


async def _rounds(policy: Policy, count: int, other_s: Callable[[], float]) -> dict[str, Any]:
    asked = facts(count)
    await policy.judge(asked)
    wall, cpu = [], []
    other = other_s()
    for _ in range(REPEATS):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        judgements = await policy.judge(asked)
        wall.append((time.perf_counter() - wall_s) / count * 1e6)
        cpu.append((time.process_time() - cpu_s) / count * 1e6)
        assert "unknown" not in {one.verdict for one in judgements}, judgements
    server_us = (other_s() - other) / REPEATS / count * 1e6
    return {"wall_us": spread(wall), "cpu_us": spread(cpu), "server_cpu_us": round(server_us, 1)}
