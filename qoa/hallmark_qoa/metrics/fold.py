"""Fold: samples of many records into one aggregate a group, all groups at once.

Reading a thousand records costs most; so that folding does not, everything that is counted goes through one sort, and
everything that is added through one pass (:mod:`.group_sums`), whatever the number of slots and groups.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.exemplar import MOST, Exemplar
from hallmark_qoa.metrics.formulas.sketch import Sketch, buckets_of
from hallmark_qoa.metrics.group_sums import square_sums, sums
from hallmark_qoa.metrics.samples import Codes, Numbers, Offer, Samples

Integers = npt.NDArray[np.int64]
MakeExemplar = Callable[[Offer, int], Exemplar]

_CODE_BITS = 20
_HALF = 1 << (_CODE_BITS - 1)


class Keys:
    """Which slot and group each sample goes to: a sample of an owner in several groups goes to all of them."""

    def __init__(self, owners: Sequence[Integers], groups: Integers, count: int) -> None:
        """``groups`` has those of each owner, shape (owners, most), filled up with -1; ``count`` is their number."""
        self._count = count
        self.length = len(owners) * count
        of_sample = groups[np.concatenate(owners)]
        slot = np.repeat(np.arange(len(owners)), [len(each) for each in owners])
        keys = slot[:, None] * count + of_sample
        samples = np.repeat(np.arange(len(slot)), groups.shape[1])
        there = of_sample.ravel() >= 0
        self.sample: Integers = samples if there.all() else samples[there]
        """Position of the sample."""
        self.key: Integers = keys.ravel() if there.all() else keys.ravel()[there]

    def split(self, key: int) -> tuple[int, int]:
        """Slot and group."""
        return divmod(key, self._count)


def fold(samples: Samples, groups: Integers, count: int, exemplar: MakeExemplar) -> list[Aggregate]:
    """One aggregate for each of ``count`` groups; ``groups`` as for :class:`Keys`."""
    aggregates = [Aggregate() for _ in range(count)]
    sketched = [one for one in samples.numbers if one.has_sketch]
    squared = [one for one in samples.numbers if one.has_squares]
    _add_counts(aggregates, sketched, samples.codes, groups)
    _add_ranges(aggregates, sketched, groups)
    _add_sums(aggregates, samples.numbers, groups, sums, str)
    _add_sums(aggregates, squared, groups, square_sums, slots.squares)
    _add_worst(aggregates, samples.offers, groups, exemplar)
    return aggregates


def _add_counts(
    aggregates: list[Aggregate], sketched: Sequence[Numbers], tables: Sequence[Codes], groups: Integers
) -> None:
    """Buckets of sketches and entries of tables alike: every different (slot, group, code) with its count."""
    if not sketched and not tables:
        return
    codes = [one.codes for one in tables]
    if sketched:
        codes.append(buckets_of(np.concatenate([one.values for one in sketched])))
    owners = [*(one.owners for one in tables), *(one.owners for one in sketched)]
    keys = Keys(owners, groups, len(aggregates))
    combined = (keys.key << _CODE_BITS) + (np.concatenate(codes) + _HALF)[keys.sample]
    found, counts = np.unique(combined, return_counts=True)
    found_keys = found >> _CODE_BITS
    starts = np.concatenate(([0], np.flatnonzero(np.diff(found_keys)) + 1))
    found_codes = ((found & ((1 << _CODE_BITS) - 1)) - _HALF).tolist()
    found_counts = counts.tolist()
    for key, (start, end) in zip(found_keys[starts].tolist(), pairwise([*starts.tolist(), len(found)]), strict=True):
        slot, group = keys.split(key)
        pairs = zip(found_codes[start:end], found_counts[start:end], strict=True)
        if slot < len(tables):
            _count(aggregates[group], tables[slot], pairs)
        else:
            aggregates[group].sketches[sketched[slot - len(tables)].slot] = Sketch.of_buckets(pairs)


def _add_ranges(aggregates: list[Aggregate], sketched: Sequence[Numbers], groups: Integers) -> None:
    if not sketched:
        return
    keys = Keys([one.owners for one in sketched], groups, len(aggregates))
    values = np.concatenate([one.values for one in sketched])[keys.sample] + 0.0  # makes 0.0 of -0.0
    least, most = np.full(keys.length, np.inf), np.full(keys.length, -np.inf)
    np.minimum.at(least, keys.key, values)
    np.maximum.at(most, keys.key, values)
    for key in np.flatnonzero(least <= most).tolist():
        slot, group = keys.split(key)
        aggregates[group].ranges[sketched[slot].slot] = (float(least[key]), float(most[key]))


def _count(aggregate: Aggregate, table: Codes, pairs: "zip[tuple[int, int]]") -> None:
    """Where a table is given in several parts, each has names of its own."""
    names: Callable[[int], str] = table.names.__getitem__ if table.names else str
    named = {names(code): count for code, count in pairs}
    if not table.slot:
        aggregate.counts.update(named)
    elif table.slot in aggregate.tables:
        aggregate.tables[table.slot].update(named)
    else:
        aggregate.tables[table.slot] = named


def _add_sums(
    aggregates: list[Aggregate],
    numbers: Sequence[Numbers],
    groups: Integers,
    added: Callable[[Integers, Integers, npt.NDArray[np.float64], int], list[int]],
    name: Callable[[str], str],
) -> None:
    if not numbers:
        return
    keys = Keys([one.owners for one in numbers], groups, len(aggregates))
    totals = added(keys.key, keys.sample, np.concatenate([one.values for one in numbers]), keys.length)
    for key, total in enumerate(totals):
        if total:
            slot, group = keys.split(key)
            sums_of = aggregates[group].sums
            into = name(numbers[slot].slot)
            sums_of[into] = sums_of.get(into, 0) + total


def _add_worst(aggregates: list[Aggregate], offers: Sequence[Offer], groups: Integers, exemplar: MakeExemplar) -> None:
    if not offers:
        return
    keys = Keys([one.owners for one in offers], groups, len(aggregates))
    badness = np.concatenate([-one.values if slots.low(one.slot) else one.values for one in offers])
    firsts = np.concatenate(([0], np.cumsum([len(one.owners) for one in offers]))).tolist()
    made: dict[int, Exemplar] = {}
    for key, worst in _worst(keys, badness):
        slot, group = keys.split(key)
        for sample in worst:
            if sample not in made:
                made[sample] = exemplar(offers[slot], sample - firsts[slot])
        aggregates[group].worst[offers[slot].slot] = tuple(map(made.__getitem__, worst))


def _worst(keys: Keys, badness: npt.NDArray[np.float64]) -> Iterator[tuple[int, list[int]]]:
    """The samples of the MOST worst of each key, the worst first.

    Samples of a slot are in the order of prediction ids and instances: of equal ones the first by those comes first, as
    in :func:`hallmark_qoa.metrics.exemplar.worst_of`.
    """
    by_badness = np.argsort(-badness, kind="stable")
    rank = np.empty(len(badness), dtype=np.int64)
    rank[by_badness] = np.arange(len(badness))
    # Key and rank as one number: to sort numbers takes a fraction of the time that it takes to find their order.
    both = np.sort(keys.key * len(badness) + rank[keys.sample])
    ordered = both // len(badness)
    samples = by_badness[both - ordered * len(badness)]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    ends = np.minimum(starts + MOST, np.append(starts[1:], len(ordered)))
    for key, start, end in zip(ordered[starts].tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield key, samples[start:end].tolist()
