"""A mergeable sketch of a distribution whose quantiles have a bounded relative error.

DDSketch (Masson, Rim, Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
Proc. VLDB 12(12), sections 2.1 and 2.2): values are counted in buckets whose bounds grow by a factor
``gamma = (1 + ALPHA) / (1 - ALPHA)``, so that one estimate stands for all values of a bucket.

Two departures. No buckets are ever collapsed, so merging is exact and the guarantee holds for every quantile. And the
bucket of a value is found by comparison with the bounds, not by a logarithm: its last bit differs between processors,
and replicas have to put the same value into the same bucket.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

ALPHA = 0.005
"""Relative accuracy: an estimate is off by at most this share of the true value."""

SMALLEST = 1e-12
"""Values closer to zero than this count as zero."""

_GAMMA = (1 + ALPHA) / (1 - ALPHA)
_LARGEST = float(np.finfo(np.float64).max)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Encoded = list[list[int]]


def _bounds() -> Floats:
    """Upper bound of each bucket of positive values; made by multiplication alone, so the same on every machine."""
    steps = math.ceil((math.log(_LARGEST) - math.log(SMALLEST)) / math.log(_GAMMA)) - 1
    inner = np.multiply.accumulate(np.concatenate(([SMALLEST], np.full(steps, _GAMMA))))
    return np.append(inner, _LARGEST)


_BOUNDS = _bounds()
_ESTIMATES = _BOUNDS / ((_GAMMA + 1) / 2)


class Sketch:
    """Counts of values by bucket. Equal multisets of values make equal sketches, in whatever order and split.

    Buckets are named by a whole number in the order of their values: 0 holds the zeros, ``k > 0`` the values in
    ``(bounds[k - 2], bounds[k - 1]]``, and ``-k`` the same of negative values.
    """

    __slots__ = ("_count", "_counts")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._count = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]  # it can change, so it must not be a key

    @property
    def count(self) -> int:
        """Number of values, exact."""
        return self._count

    def merge(self, other: "Sketch") -> None:
        """Count here what another sketch has counted; exact."""
        counts = self._counts
        get = counts.get
        for bucket, count in list(other._counts.items()):
            counts[bucket] = get(bucket, 0) + count
        self._count += other._count

    def quantile(self, q: float) -> float | None:
        """The value at rank ``floor(q * (count - 1))`` in ascending order, NumPy's method ``lower``.

        None for no values. Off by at most ``ALPHA`` of that value, and by ``SMALLEST`` where it is that small.

        Raises:
            ValueError: ``q`` is outside 0 to 1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"expected a quantile of 0 to 1, got {q}")
        rank = math.floor(q * (self._count - 1))
        ordered = sorted(self._counts.items())
        sums = accumulate(count for _, count in ordered)
        return next(
            (_estimate(bucket) for (bucket, _), at_most in zip(ordered, sums, strict=True) if at_most > rank), None
        )

    def points(self) -> tuple[Floats, Integers]:
        """Estimates in ascending order, one a bucket, and how many values each stands for."""
        ordered = np.array(sorted(self._counts), dtype=np.int64)
        estimates = np.where(ordered == 0, 0.0, np.copysign(_ESTIMATES[np.abs(ordered) - 1], ordered))
        return estimates, np.array([self._counts[bucket] for bucket in ordered.tolist()], dtype=np.int64)

    def encode(self) -> Encoded:
        """Two lists: names of the buckets in ascending order, each as its difference from the one before; counts."""
        ordered = sorted(self._counts)
        differences = [bucket - before for before, bucket in zip([0, *ordered], ordered, strict=False)]
        return [differences, [self._counts[bucket] for bucket in ordered]]

    @classmethod
    def decode(cls, encoded: Sequence[Sequence[int]]) -> "Sketch":
        """The sketch that :meth:`encode` made this of. Not checked: what is stored has the checksum of zlib."""
        differences, counts = encoded
        return cls.of_buckets(zip(accumulate(differences), counts, strict=True))

    @classmethod
    def of_buckets(cls, pairs: Iterable[tuple[int, int]]) -> "Sketch":
        """The sketch of values that were counted by :func:`buckets_of`: names, each once, with a count above 0."""
        sketch = cls()
        sketch._counts = dict(pairs)
        sketch._count = sum(sketch._counts.values())
        return sketch


def buckets_of(values: Floats) -> Integers:
    """Name of the bucket of each value, as :class:`Sketch` has them, in the shape of ``values``, which are finite."""
    magnitudes = np.abs(values)
    buckets = np.where(magnitudes < SMALLEST, 0, np.searchsorted(_BOUNDS, magnitudes) + 1)
    return np.where(values < 0, -buckets, buckets).astype(np.int64)


def _estimate(bucket: int) -> float:
    """The value that is off by at most ALPHA from every one of a bucket."""
    return math.copysign(float(_ESTIMATES[abs(bucket) - 1]), bucket) if bucket else 0.0
