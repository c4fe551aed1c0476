"""What the engine needs of a source, and a source of the engine.

Every implementation of :class:`Source` passes tests/contract/test_source.py.
"""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivered batch: all of it is in the store, but for the spans that never will be."""

    rejected: int = 0
    """Number of malformed spans."""
    message: str = ""
    """Why, one line."""


class Sink(Protocol):
    """Where a source delivers."""

    async def deliver(self, request: bytes, *, kept: bool = False) -> Receipt:
        """Return once the spans of an ExportTraceServiceRequest are in the store; only then may it be acknowledged.

        Where the source says ``kept``, whoever it got the batch from keeps it until it is acknowledged, and delivers it
        again after a crash: spans that wait for others of their prediction then need no place in the store's journal,
        and this returns when every prediction of the batch has its record.

        HallmarkError UNAVAILABLE where they are not: the source must make its peer deliver them again. DecodeError
        where it is no such request.
        """

    def count_other(self, signal: Literal["metrics", "logs"], count: int) -> None:
        """Take note of signals that the engine does not use."""


class Source(Protocol):
    """Brings telemetry in."""

    async def start(self) -> None:
        """Begin to deliver; StartupError where that cannot be."""

    async def take_no_more(self, grace_s: float) -> None:
        """Return once nothing new can come, or ``grace_s`` has passed; what was taken goes on."""

    async def stop(self, grace_s: float) -> None:
        """Take nothing new, and return when what was taken is acknowledged or ``grace_s`` has passed."""
