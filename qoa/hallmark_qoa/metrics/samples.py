"""Samples: what was read of records, one list a slot, before it is folded into aggregates.

An *owner* is what a sample is of: record ``i`` is owner ``i``, row ``j`` (an instance of a request) is owner ``number
of records + j``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers whose sum is kept, perhaps also that of their squares and their distribution."""

    slot: str
    owners: Integers
    values: Floats
    has_sketch: bool
    has_squares: bool


@dataclass(frozen=True, slots=True)
class Codes:
    """Small whole numbers that are counted; each stands for a name, or for itself where ``names`` is empty."""

    slot: str
    owners: Integers
    codes: Integers
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """Values of which the worst are kept as exemplars."""

    slot: str
    owners: Integers
    values: Floats
    stage: str
    """The stage where it shows; empty for the one where the request entered."""
    detail: Callable[[int], str] | None
    """What it shows for people, by position in ``owners``."""


@dataclass(slots=True)
class Samples:
    """Everything that was read of some records."""

    numbers: list[Numbers] = field(default_factory=list)
    codes: list[Codes] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)

    def add_numbers(
        self,
        slot: str,
        owners: Sequence[int] | Integers,
        values: Sequence[float] | Floats,
        *,
        sketch: bool = True,
        squares: bool = False,
    ) -> None:
        """Numbers; those that are not finite (a product of what a span claims may overflow) are left out."""
        whose, numbers = _whole(owners), _float(values)
        is_finite = np.isfinite(numbers)
        if not is_finite.all():
            whose, numbers = whose[is_finite], numbers[is_finite]
        if len(whose):
            self.numbers.append(Numbers(slot, whose, numbers, sketch, squares))

    def add_names(self, slot: str, owners: Sequence[int] | Integers, names: Sequence[str]) -> None:
        """Names that are counted."""
        if len(owners):
            known: dict[str, int] = {}
            codes = [known.setdefault(name, len(known)) for name in names]
            self.codes.append(Codes(slot, _whole(owners), _whole(codes), list(known)))

    def add_name(self, slot: str, owners: Sequence[int] | Integers, name: str) -> None:
        """One name that is counted for each owner."""
        if len(owners):
            self.codes.append(Codes(slot, _whole(owners), np.zeros(len(owners), dtype=np.int64), (name,)))

    def add_codes(self, slot: str, owners: Sequence[int] | Integers, codes: Integers) -> None:
        """Whole numbers that are counted as they are, 0 to 2**18."""
        if len(owners):
            self.codes.append(Codes(slot, _whole(owners), codes, ()))

    def count(self, name: str, owners: Sequence[int] | Integers) -> None:
        """One for each owner."""
        self.add_name("", owners, name)

    def offer(
        self,
        slot: str,
        owners: Sequence[int] | Integers,
        values: Sequence[float] | Floats,
        stage: str = "",
        detail: Callable[[int], str] | None = None,
    ) -> None:
        """Candidates for exemplars; those that are not finite are left out."""
        whose, numbers = _whole(owners), _float(values)
        is_finite = np.isfinite(numbers)
        if not is_finite.all():
            whose, numbers = whose[is_finite], numbers[is_finite]
            detail = detail and _Picked(detail, np.flatnonzero(is_finite))
        if len(whose):
            self.offers.append(Offer(slot, whose, numbers, stage, detail))


@dataclass(frozen=True, slots=True)
class _Picked:
    """Details of some of the positions."""

    detail: Callable[[int], str]
    positions: Integers

    def __call__(self, at: int) -> str:
        return self.detail(self.positions.item(at))


def _whole(values: Sequence[int] | Integers) -> Integers:
    return np.asarray(values, dtype=np.int64)


def _float(values: Sequence[float] | Floats) -> Floats:
    return np.asarray(values, dtype=np.float64)
