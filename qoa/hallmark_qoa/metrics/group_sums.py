"""Group sums: exact sums of numbers and of their squares by group, all groups at once.

The same totals as :mod:`.formulas.exact` makes, in multiples of 2**-64 and 2**-128, but with a number cut into *limbs*
of 32 bits, each a whole number in a float: NumPy adds those by group without rounding, and Python puts the few totals
of limbs together.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hallmark_qoa.metrics.formulas.exact import FRACTION_BITS, to_fixed

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LIMB_BITS = 32
_BASE = 2.0**_LIMB_BITS
_LARGEST = 2.0**31
"""Numbers from here on are added one by one."""
_AT_ONCE = 1 << 18
"""So many limbs, each of at most 34 bits, can be added in a float of 53 bits."""
_SPLITTER = 2.0**27 + 1.0


def sums(groups: Integers, which: Integers, values: Floats, count: int) -> list[int]:
    """Total of each of ``count`` groups, where group ``groups[i]`` has the finite value ``values[which[i]]``."""
    usual = np.abs(values) < _LARGEST
    totals = _added(groups, which, _limbs(np.where(usual, values, 0.0), 3), count)
    for group, value in _unusual(groups, which, values, usual):
        totals[group] += to_fixed(value)
    return totals


def square_sums(groups: Integers, which: Integers, values: Floats, count: int) -> list[int]:
    """As :func:`sums`, of the squares of the values."""
    usual = np.abs(values) < _LARGEST
    totals = _added(groups, which, _square_limbs(np.where(usual, values, 0.0)), count)
    for group, value in _unusual(groups, which, values, usual):
        totals[group] += to_fixed(value) ** 2
    return totals


def _unusual(
    groups: Integers, which: Integers, values: Floats, usual: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, float]]:
    if usual.all():
        return iter(())
    those = ~usual[which]
    return zip(groups[those].tolist(), values[which[those]].tolist(), strict=True)


def _limbs(values: Floats, count: int) -> list[Floats]:
    """Digits to the base 2**32 with the sign of the value, the first before the point, the last rounded to even."""
    limbs: list[Floats] = []
    rest = values
    for _ in range(count - 1):
        limbs.append(np.trunc(rest))
        rest = (rest - limbs[-1]) * _BASE
    limbs.append(np.rint(rest))
    return limbs


def _square_limbs(values: Floats) -> list[Floats]:
    """The same of squares, with a first digit more.

    A value is split into halves of 26 bits (Dekker 1971, Numer. Math. 18, section 5), so that its square is a sum of
    three products without rounding.
    """
    fixed = np.ldexp(np.rint(np.ldexp(values, FRACTION_BITS)), -FRACTION_BITS)
    scaled = fixed * _SPLITTER
    high = scaled - (scaled - fixed)
    low = fixed - high
    parts = (_limbs(product / _BASE, 6) for product in (high * high, 2 * high * low, low * low))
    return [a + b + c for a, b, c in zip(*parts, strict=True)]


def _added(groups: Integers, which: Integers, limbs: list[Floats], count: int) -> list[int]:
    totals = [0] * count
    for start in range(0, len(groups), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        added = [np.bincount(groups[part], limb[which[part]], count).astype(np.int64).tolist() for limb in limbs]
        for group, digits in enumerate(zip(*added, strict=True)):
            if any(digits):
                totals[group] += _whole(digits)
    return totals


def _whole(digits: tuple[int, ...]) -> int:
    total = 0
    for digit in digits:
        total = (total << _LIMB_BITS) + digit
    return total
