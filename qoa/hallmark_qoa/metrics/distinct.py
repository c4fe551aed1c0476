"""Distinct: how many different values there are, from the smallest of their hashes.

A bottom-k sketch (Bar-Yossef et al. 2002, RANDOM, LNCS 2483, algorithm 2): exact while there are fewer than ``K``
different values, beyond that ``(K - 1) / U`` where U is the K-th smallest hash as a fraction of all hashes, whose
relative standard deviation is at most ``1 / sqrt(K - 2)`` (Beyer et al. 2007, SIGMOD, section 3.2).
"""

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.estimate import Estimate

K = 2048
DEVIATIONS = 4.0
"""The stated error of an estimate, in standard deviations: exceeded once in some 16,000 windows."""

_HASH_BYTES = 8
_ALL_HASHES = 2.0 ** (8 * _HASH_BYTES)

Hashes = npt.NDArray[np.uint64]


def hash_of(text: str) -> int:
    """64 bits, the same everywhere."""
    return int.from_bytes(blake2b(text.encode(), digest_size=_HASH_BYTES).digest(), "big")


class Distinct:
    """The at most K smallest hashes of what it was given, in ascending order."""

    __slots__ = ("_hashes",)

    def __init__(self, hashes: Sequence[int] | Hashes = ()) -> None:
        self._hashes: Hashes = np.unique(np.asarray(hashes, dtype=np.uint64))[:K]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Distinct) and np.array_equal(self._hashes, other._hashes)

    __hash__ = None  # type: ignore[assignment]  # it can change, so it must not be a key

    def merge(self, other: "Distinct") -> None:
        """Add what another one was given; exact."""
        self._hashes = np.union1d(self._hashes, other._hashes)[:K]

    def estimate(self) -> Estimate:
        """How many different values there are."""
        if len(self._hashes) < K:
            return Estimate(float(len(self._hashes)), 0.0)
        count = (K - 1) / ((float(self._hashes[-1]) + 1.0) / _ALL_HASHES)
        return Estimate(count, DEVIATIONS * count / math.sqrt(K - 2))

    def to_bytes(self) -> bytes:
        """The hashes, eight bytes each."""
        return self._hashes.astype(">u8").tobytes()

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "Distinct":
        """The inverse of :meth:`to_bytes`; ValueError where it is not."""
        return cls(np.frombuffer(encoded, dtype=">u8").astype(np.uint64))
