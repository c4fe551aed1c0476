"""How far a current distribution is from a reference, both over the same bins.

Throughout, ``reference`` has the share of each bin (any positive scale), ``current`` the count of each bin, shape
(bins,). Bins that are empty on both sides do not count. Every function gives None where either side is empty. Given the
bins all are exact, up to rounding.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.special import chi_squared_survival

LEAST_SHARE = 1e-4
"""What an empty bin of the reference counts as where a logarithm needs it above 0; Evidently's value."""

LEAST_EXPECTED = 5.0
"""Values that a bin should be expected to hold, else a chi-squared test overstates (Cochran 1954, Biometrics 10(4))."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """A statistic without unit, its degrees of freedom, and how likely one as large is without any drift, 0 to 1."""

    statistic: float
    degrees: int
    p_value: float


def psi(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    """Population stability index, ``sum((c - r) * ln(c / r))`` in nats, at least 0; 0.1 and 0.25 are its usual limits.

    Siddiqi 2006, "Credit Risk Scorecards", chapter 10; the symmetric divergence J of Jeffreys 1946. An empty bin of the
    reference counts as ``LEAST_SHARE``; one of the current as half a value, at least ``LEAST_SHARE``: from 5,000 values
    on both are Evidently's 1e-4, while with fewer a rare category that happened not to come is no drift yet.
    """
    shares = _shares(reference, current)
    if shares is None:
        return None
    r, c = _filled(*shares, np.sum(np.asarray(current)))
    return float(np.sum((c - r) * np.log(c / r)))


def kullback_leibler(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    """Divergence of the reference from the current, ``sum(r * ln(r / c))`` in nats, at least 0.

    Kullback & Leibler 1951, Ann. Math. Stat. 22(1). Empty bins count as in :func:`psi`, then shares are made to sum to
    1 again, as ``scipy.stats.entropy`` does.
    """
    shares = _shares(reference, current)
    if shares is None:
        return None
    r, c = (filled / filled.sum() for filled in _filled(*shares, np.sum(np.asarray(current))))
    return max(0.0, float(np.sum(r * np.log(r / c))))


def jensen_shannon(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    """Jensen-Shannon distance to base 2, 0 (equal) to 1 (nothing in common).

    Square root of the divergence of Lin 1991, IEEE Trans. Inf. Theory 37(1), a metric by Endres & Schindelin 2003.
    ``scipy.spatial.distance.jensenshannon(r, c, 2)``; Evidently takes base e, which is smaller by ``sqrt(ln 2)``.
    """
    shares = _shares(reference, current)
    if shares is None:
        return None
    r, c = shares
    middle = (r + c) / 2
    divergence = (_information(r, middle) + _information(c, middle)) / 2
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def total_variation(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    """Half the sum of absolute differences of shares, 0 to 1: the share of values that would have to move."""
    shares = _shares(reference, current)
    return None if shares is None else min(1.0, float(np.abs(shares[0] - shares[1]).sum() / 2))


def hellinger(reference: npt.ArrayLike, current: npt.ArrayLike) -> float | None:
    """Hellinger distance, ``sqrt(1 - sum(sqrt(r * c)))``, 0 to 1 (Hellinger 1909, J. Reine Angew. Math. 136)."""
    shares = _shares(reference, current)
    if shares is None:
        return None
    # The same number as a sum of squares: 1 minus nearly 1 would leave no digits of a small distance.
    return min(1.0, float(np.sqrt(np.sum((np.sqrt(shares[0]) - np.sqrt(shares[1])) ** 2) / 2)))


def chi_squared(reference: npt.ArrayLike, current: npt.ArrayLike) -> ChiSquared | None:
    """Pearson's test of the current against the shares of the reference (Pearson 1900, Philos. Mag. 50).

    Bins that should hold fewer than ``LEAST_EXPECTED`` values are counted as one, joined by the next smallest where
    that is too few still. None where fewer than two are left. As ``scipy.stats.chisquare`` where none had to be joined.
    """
    shares = _shares(reference, current)
    if shares is None:
        return None
    count = np.sum(np.asarray(current))
    expected, observed = _joined(shares[0] * count, shares[1] * count)
    if len(expected) < 2:
        return None
    statistic = float(np.sum((observed - expected) ** 2 / expected))
    degrees = len(expected) - 1
    return ChiSquared(statistic, degrees, chi_squared_survival(statistic, degrees))


def _shares(reference: npt.ArrayLike, current: npt.ArrayLike) -> tuple[Floats, Floats] | None:
    """Shares that sum to 1, of bins that are not empty on both sides."""
    r, c = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if r.shape != c.shape:
        raise ValueError(f"expected as many bins on both sides, got {len(r)} and {len(c)}")
    there = (r > 0) | (c > 0)
    if r.sum() <= 0 or c.sum() <= 0:
        return None
    return r[there] / r.sum(), c[there] / c.sum()


def _filled(reference: Floats, current: Floats, count: int) -> tuple[Floats, Floats]:
    """Shares without zeros."""
    least = max(LEAST_SHARE, 0.5 / count)
    return np.where(reference == 0, LEAST_SHARE, reference), np.where(current == 0, least, current)


def _information(shares: Floats, base: Floats) -> float:
    there = shares > 0
    return float(np.sum(shares[there] * np.log2(shares[there] / base[there])))


def _joined(expected: Floats, observed: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(expected, kind="stable")
    expected, observed = expected[order], observed[order]
    few = int(np.searchsorted(expected, LEAST_EXPECTED))
    if few and expected[:few].sum() < LEAST_EXPECTED:
        few += 1
    if not few:
        return expected, observed
    return np.append(expected[few:], expected[:few].sum()), np.append(observed[few:], observed[:few].sum())
