"""What windows are judged and reported from."""

from collections import Counter
from typing import Protocol

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Fold, Windows


class Told(Protocol):
    """What reports are made of. A :class:`~hallmark_qoa.stores.base.Store` has it, as described there."""

    async def folds(self, which: Windows) -> list[Fold]:
        """See the store."""

    async def verdicts(self, which: Windows, contract: str = "") -> list[WindowVerdict]:
        """See the store."""


class Material(Told, Protocol):
    """What verdicts are made of, likewise."""

    async def get(self, prediction: str) -> QualityRecord | None:
        """See the store."""

    async def slices(self, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
        """See the store."""
