"""What is found wrong with the data of one request: all of it is collected before the request is refused."""

from collections import Counter
from typing import Literal

from hallmark.qoa.v1 import quality_pb2
from hallmark_common.errors import HallmarkError

Kind = Literal["missing", "type", "range", "category", "reference_range", "size"]

NOT_FINITE = "NOT_FINITE"
"""Reason of an error about NaN, infinity, or a number too large for its type."""


class Findings:
    """Collects violations and, of those that refuse the request, the first error and how many more there are.

    Fields of violations are declared names only: they end up on a span, and what a client sends must not.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Kind]] = Counter()
        self._first: HallmarkError | None = None
        self._rejected = 0

    def add(self, kind: Kind, field: str, count: int = 1) -> None:
        """Count a departure that does not refuse the request."""
        if count:
            self._counts[field, kind] += count

    def reject(self, kind: Kind, field: str, error: HallmarkError) -> None:
        """Count a departure that refuses the request."""
        self.add(kind, field)
        self._first = self._first or error
        self._rejected += 1

    def raise_rejected(self) -> None:
        """Raise the first error, which says how many more there are; nothing where all is well."""
        if self._first is None:
            return
        more = self._rejected - 1
        if not more:
            raise self._first
        first = self._first
        raise HallmarkError(
            first.code, first.reason, f"{first.message} (and {more} more)", {**first.metadata, "more": str(more)}
        )

    def violations(self) -> list[quality_pb2.Violation]:
        """Every kind of departure by field, in order of first appearance."""
        return [
            quality_pb2.Violation(field=field, kind=kind, count=count) for (field, kind), count in self._counts.items()
        ]
