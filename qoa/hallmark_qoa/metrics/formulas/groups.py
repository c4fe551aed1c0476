"""Few and wide groups of a numeric reference's bins, for measures of drift that compare bin by bin.

Over many narrow bins a small sample differs from any reference by chance, its PSI on average by
``(bins - 1) * (1 / count + 1 / rows)`` (Yurdakul & Naranjo 2020, J. Risk Model Valid. 14(4), section 3), and the share
of a narrow bin is known from quantiles only roughly. Ten groups are the custom of credit scoring, where PSI comes from
(Siddiqi 2006, "Credit Risk Scorecards", chapter 10).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.reference import Floats, Integers, NumericReference

GROUPS = 10
"""At most so many groups, each of about the same share, besides those outside the reference."""


def grouped(reference: NumericReference, counts: npt.ArrayLike) -> tuple[Floats, Integers]:
    """Share of the reference and current count, by group, from the counts of its bins, shape (bins,).

    A group ends when it holds its part of the reference, or before an atom that holds as much alone. What is below the
    minimum joins the first group, unless the minimum is an atom: then such values are new, and a group of their own;
    likewise above. The share of a group is off by at most ``2 / steps + 2 / rows``, and mostly by far less.
    """
    groups, shares = _groups_of(reference)
    totals = np.zeros(len(shares), dtype=np.int64)
    np.add.at(totals, groups, np.asarray(counts, dtype=np.int64))
    return shares, totals


@lru_cache(maxsize=1024)  # a reference is compared with again and again, for as long as its model is served
def _groups_of(reference: NumericReference) -> tuple[Integers, Floats]:
    """Group of each bin, and the share of each group."""
    shares = reference.shares()
    inner = _inner_groups(shares[1:-1].tolist(), least=2 / reference.steps)
    # A point with a share is an atom.
    below = inner[0] - int(shares[1] > 0)
    above = inner[-1] + int(shares[-2] > 0)
    groups = np.array([group - below for group in (below, *inner, above)], dtype=np.int64)
    by_group = np.zeros(groups[-1] + 1, dtype=np.float64)
    np.add.at(by_group, groups, shares)
    by_group.setflags(write=False)
    return groups, by_group


def _inner_groups(shares: list[float], least: float) -> list[int]:
    """Group of each bin, from 0; one that would hold less than ``least`` joins its neighbour."""
    wanted = 1 / GROUPS - 1e-9
    groups: list[int] = []
    held, group = 0.0, 0
    for share in shares:
        if held >= wanted or (held >= least and share >= wanted):
            held, group = 0.0, group + 1
        held += share
        groups.append(group)
    return [min(each, group - 1) for each in groups] if group and held < least else groups
