"""Survival functions of the two distributions that tests of drift need. Off by less than 1e-9."""

import math

_SMALL = 1e-300  # stands for a denominator of 0 in the continued fraction
_PRECISION = 1e-15
_MOST_TERMS = 10_000  # about 8 * sqrt(a) are needed


def chi_squared_survival(statistic: float, degrees: int) -> float:
    """P(X >= statistic), 0 to 1, of the chi-squared distribution with at least one degree of freedom.

    The regularized upper incomplete gamma function ``Q(degrees / 2, statistic / 2)``.
    """
    return upper_gamma(degrees / 2, statistic / 2)


def upper_gamma(a: float, x: float) -> float:
    """The regularized upper incomplete gamma function Q(a, x), for a above 0 (NIST DLMF 8.2.4).

    By the series of DLMF 8.11.4 for the lower function where x is below a + 1, else by the continued fraction of DLMF
    8.9.2: each converges fast where it is used (Press et al. 2007, Numerical Recipes, section 6.2).
    """
    if x <= 0:
        return 1.0
    if math.isinf(x):
        return 0.0
    factor = math.exp(a * math.log(x) - x - math.lgamma(a))
    value = 1.0 - factor * _series(a, x) if x < a + 1 else factor * _fraction(a, x)
    return min(max(value, 0.0), 1.0)


def kolmogorov_survival(x: float) -> float:
    """P(K >= x), 0 to 1, of the limit distribution of Kolmogorov's statistic (Kolmogorov 1933).

    ``2 * sum((-1)**(k - 1) * exp(-2 * k**2 * x**2))``, and for small x by the equal series in ``exp(-1 / x**2)``
    (Marsaglia, Tsang, Wang 2003, J. Stat. Softw. 8(18), section 1), which needs few terms there.
    """
    if x < 0.04:  # the difference from 1 is below the smallest float
        return 1.0
    if x < 1:
        terms = (math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * x * x)) for k in range(1, 5))
        return 1.0 - math.sqrt(2 * math.pi) / x * math.fsum(terms)
    return 2 * math.fsum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 6))


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for i in range(1, _MOST_TERMS):
        term *= x / (a + i)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """By the method of Lentz, as modified by Thompson and Barnett 1986, J. Comput. Phys. 64(2)."""
    b = x + 1 - a
    c, d = 1 / _SMALL, 1 / b
    value = d
    for i in range(1, _MOST_TERMS):
        numerator = -i * (i - a)
        b += 2
        d = 1 / (numerator * d + b or _SMALL)
        c = b + numerator / c or _SMALL
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
