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

    def add(self, value: float, count: int = 1) -> None:
        """Count one value ``count`` times.

        Raises:
            ValueError: the value is not finite, or ``count`` is negative.
        """
        if not math.isfinite(value) or count < 0:
            raise ValueError(f"expected a finite value and a count of at least 0, got {value} and {count}")
        if count:
            self._add(((int(buckets_of(np.array([value]))[0]), count),))

    def add_many(self, values: npt.ArrayLike) -> None:
        """Count every value of an array of any shape.

        Raises:
            ValueError: a value is not finite; then none was counted.
        """
        array = np.asarray(values, dtype=np.float64).ravel()
        if not np.isfinite(array).all():
            raise ValueError("expected finite values, got NaN or infinity")
        buckets, counts = np.unique(buckets_of(array), return_counts=True)
        self._add(zip(buckets.tolist(), counts.tolist(), strict=True))

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

    def minimum(self) -> float | None:
        """The smallest value, off by at most ``ALPHA`` of it; None for no values."""
        return _estimate(min(self._counts)) if self._counts else None

    def maximum(self) -> float | None:
        """The largest value, off by at most ``ALPHA`` of it; None for no values."""
        return _estimate(max(self._counts)) if self._counts else None

    def count_at_most(self, threshold: float) -> tuple[int, int]:
        """How many values are certainly, and how many possibly, at most ``threshold``, which may be infinite.

        The two differ by no more than the values within ``2 * ALPHA`` of the threshold.
        """
        own = int(buckets_of(np.array([threshold]))[0])
        below = sum(count for bucket, count in self._counts.items() if bucket < own)
        inside = self._counts.get(own, 0)
        if own == 0:
            at_most = below + (inside if threshold >= 0 else 0)
            return at_most, at_most
        is_whole = 0 < own <= len(_BOUNDS) and threshold == _BOUNDS[own - 1]
        return below + (inside if is_whole else 0), below + inside

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
        """The sketch that :meth:`encode` made this of.

        Raises:
            ValueError: it did not.
        """
        return cls.of_buckets(_decoded(encoded))

    @classmethod
    def of_buckets(cls, pairs: Iterable[tuple[int, int]]) -> "Sketch":
        """The sketch of values that were counted by :func:`buckets_of`: names, each once, with a count above 0."""
        sketch = cls()
        sketch._counts = dict(pairs)
        sketch._count = sum(sketch._counts.values())
        return sketch

    def _add(self, pairs: Iterable[tuple[int, int]]) -> None:
        counts = self._counts
        for bucket, count in pairs:
            counts[bucket] = counts.get(bucket, 0) + count
            self._count += count


def buckets_of(values: Floats) -> Integers:
    """Name of the bucket of each value, as :class:`Sketch` has them, in the shape of ``values``, which are finite."""
    magnitudes = np.abs(values)
    buckets = np.where(magnitudes < SMALLEST, 0, np.searchsorted(_BOUNDS, magnitudes) + 1)
    return np.where(values < 0, -buckets, buckets).astype(np.int64)


def _decoded(encoded: Sequence[Sequence[int]]) -> Iterable[tuple[int, int]]:
    if len(encoded) != 2 or not all(isinstance(numbers, list) for numbers in encoded):
        raise ValueError("a sketch: expected two lists")
    differences, counts = encoded
    if len(differences) != len(counts) or not {*map(type, differences), *map(type, counts)} <= {int}:
        raise ValueError("a sketch: expected as many whole numbers for counts as for buckets")
    if min(differences[1:], default=1) <= 0 or min(counts, default=1) <= 0:
        raise ValueError("a sketch: expected buckets in ascending order, each with a count above 0")
    if differences and max(-differences[0], sum(differences)) > len(_BOUNDS):
        raise ValueError(f"a sketch: expected buckets from {-len(_BOUNDS)} to {len(_BOUNDS)}")
    return zip(accumulate(differences), counts, strict=True)


def _estimate(bucket: int) -> float:
    """The value that is off by at most ALPHA from every one of a bucket."""
    return math.copysign(float(_ESTIMATES[abs(bucket) - 1]), bucket) if bucket else 0.0
