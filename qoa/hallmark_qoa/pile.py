"""Pile: what goes into the store in the next transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hallmark_common.errors import HallmarkError
from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.stores.base import Batch, JournalEntry
from hallmark_qoa.waits import Claims

Delivery = asyncio.Future[None]
"""Done when every prediction of a batch that its source keeps has its record."""


@dataclass(slots=True, eq=False)
class Pile:
    """Groups that the assembler has let go of and batches with spans that wait, until their turn comes."""

    entry: int
    """Id of its entry in the journal, should it need one."""
    done: asyncio.Future[HallmarkError | None]
    """What became of the transaction. Not as an exception, as there may be nobody who waits for it."""
    groups: list[SpanGroup] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    batches: int = 0
    """Number of batches that are acknowledged after this transaction."""
    entries: Claims[int] = field(default_factory=list)
    """Journal entries that wait for these groups."""
    deliveries: Claims[Delivery] = field(default_factory=list)
    """Kept batches that wait for these groups."""

    def batch(self, settled: Sequence[int]) -> Batch:
        """What to write, given the journal entries that wait for nothing else than these groups."""
        entry = None
        if self.requests and self.entry not in settled:
            # One entry for all: protobuf messages one after the other are one message, with the items of both.
            entry = JournalEntry(self.entry, b"".join(self.requests))
        return Batch(self.groups, entry, [number for number in settled if number != self.entry])
