"""Sinks that stand in for the engine where a source is tested."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hallmark_common.errors import HallmarkError
from hallmark_qoa.sources.base import Receipt


@dataclass
class RecordingSink:
    """Takes note of what is delivered, and answers as it is told."""

    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    other: dict[str, int] = field(default_factory=dict)
    receipt: Receipt = field(default_factory=Receipt)
    failure: Exception | None = None
    refused: int = 0
    """How often it failed as it was told."""
    kept: set[bool] = field(default_factory=set)
    """What sources said of who keeps their batches."""

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        """Record the request, or fail."""
        found = ExportTraceServiceRequest.FromString(request)
        self.kept.add(kept)
        if self.failure is not None:
            self.refused += 1
            raise self.failure
        self.requests.append(found)
        return self.receipt

    def count_other(self, signal: Literal["metrics", "logs"], count: int) -> None:
        """Add them up."""
        self.other[signal] = self.other.get(signal, 0) + count


class HoldingSink(RecordingSink):
    """Has a batch only when the test lets it: what waits is known by the name of its first span."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[str, asyncio.Future[None]] = {}

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        """Wait to be released."""
        found = ExportTraceServiceRequest.FromString(request)
        self.kept.add(kept)
        name = span_name(found)
        self.waiting[name] = asyncio.get_running_loop().create_future()
        try:
            await self.waiting[name]
        finally:
            del self.waiting[name]
        self.requests.append(found)
        return self.receipt

    def release(self, name: str) -> None:
        """Have this one."""
        self.waiting[name].set_result(None)

    def names(self) -> list[str]:
        """Of all that it has, in order."""
        return [span_name(request) for request in self.requests]


def span_name(request: ExportTraceServiceRequest) -> str:
    """The name of the first span of a batch."""
    return request.resource_spans[0].scope_spans[0].spans[0].name


def unavailable() -> HallmarkError:
    """What the engine says when it cannot store."""
    return HallmarkError(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", "come again")
