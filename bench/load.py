"""Closed-loop load over gRPC: so many callers, each with one request in flight."""

import asyncio
import time
from dataclasses import dataclass

import grpc

from bench.figures import percentile
from hallmark.web.v1 import web_pb2, web_pb2_grpc


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round of load saw."""

    requests: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answered requests a second."""
        return (self.requests - self.failed) / self.seconds


async def drive(target: str, request: web_pb2.PredictRequest, *, callers: int, seconds: float) -> Outcome:
    """Call Predict from ``callers`` loops for ``seconds``."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = web_pb2_grpc.PredictionServiceStub(channel)
        started = time.perf_counter()
        loops = [_loop(stub, request, started + seconds) for _ in range(callers)]
        results = await asyncio.gather(*loops)
        elapsed = time.perf_counter() - started
    latencies = sorted(latency for taken, _ in results for latency in taken)
    failed = sum(failures for _, failures in results)
    return Outcome(len(latencies), failed, elapsed, percentile(latencies, 0.5) * 1e3, percentile(latencies, 0.99) * 1e3)


async def _loop(
    stub: web_pb2_grpc.PredictionServiceStub, request: web_pb2.PredictRequest, until: float
) -> tuple[list[float], int]:
    latencies, failures = [], 0
    while (now := time.perf_counter()) < until:
        try:
            await stub.Predict(request, timeout=10)
        except grpc.aio.AioRpcError:
            failures += 1
        latencies.append(time.perf_counter() - now)
    return latencies, failures
