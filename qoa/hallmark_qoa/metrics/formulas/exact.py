"""Exact sums: floats as whole numbers, whose sum does not depend on the order or grouping of what is added.

A value is held as the nearest multiple of 2**-64, a square as a multiple of 2**-128: a fixed-point accumulator as of
Kulisch 2013, "Computer Arithmetic and Validity", chapter 8, on Python's unbounded integers. Below, *total* is a sum of
:func:`to_fixed` and *squares* a sum of squares of it. Rounding happens once, when a result becomes a float:

- a value is off by at most 2**-65 (about 3e-20, in its own unit), and exact from 2**-11 in magnitude;
- a mean is off by at most 2**-65 plus 2**-53 of itself.
"""

import math

FRACTION_BITS = 64
"""A total counts multiples of two to the power of minus this; squares of minus twice this."""

_SIGNIFICAND_BITS = 53


def to_fixed(value: float) -> int:
    """A value as a multiple of 2**-64, halves rounded to even.

    Raises:
        ValueError: the value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"expected a finite value, got {value}")
    if abs(value) >= 2**_SIGNIFICAND_BITS:  # whole, and perhaps too large to be scaled as a float
        return int(value) << FRACTION_BITS
    return round(math.ldexp(value, FRACTION_BITS))


def from_fixed(total: int) -> float | None:
    """The float nearest to a total; None where it is beyond the largest float."""
    return quotient(total, 1 << FRACTION_BITS)


def mean(count: int, total: int) -> float | None:
    """``total / count``, in the unit of the values; None for no values."""
    return quotient(total, count << FRACTION_BITS) if count > 0 else None


def variance(count: int, total: int, squares: int) -> float | None:
    """``(squares - total**2 / count) / count``, in the squared unit of the values; None for no values.

    That of a population. Whole numbers up to the last division, so nothing cancels however far the mean is from zero.
    """
    if count <= 0:
        return None
    return quotient(count * squares - total * total, (count * count) << (2 * FRACTION_BITS))


def mean_square(count: int, squares: int) -> float | None:
    """``squares / count``, in the squared unit of the values; None for no values."""
    return quotient(squares, count << (2 * FRACTION_BITS)) if count > 0 else None


def quotient(numerator: int, denominator: int) -> float | None:
    """The float nearest to a quotient of whole numbers, by one above 0; None where it is beyond the largest float."""
    try:
        return numerator / denominator  # of whole numbers: Python rounds it once, correctly
    except OverflowError:
        return None
