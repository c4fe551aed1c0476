"""Errors of predicted numbers, from exact sums (:mod:`.exact`).

A residual is *predicted minus true*, in the unit of the answer. ``count`` is the number of residuals; totals are in
multiples of 2**-64, squares in multiples of 2**-128. Each result is rounded once, when it becomes a float. Definitions
as in scikit-learn 1.9 (``mean_squared_error``, ``mean_absolute_error``, ``r2_score``). All are None without any.
"""

import math

from hallmark_qoa.metrics.formulas import exact


def mean_error(count: int, total: int) -> float | None:
    """Mean residual from the total of residuals; above 0 where predictions are too high."""
    return exact.mean(count, total)


def mae(count: int, absolute_total: int) -> float | None:
    """Mean absolute error from the total of absolute residuals."""
    return exact.mean(count, absolute_total)


def mse(count: int, squares: int) -> float | None:
    """Mean squared error, in the squared unit, from the squares of residuals."""
    return exact.mean_square(count, squares)


def rmse(count: int, squares: int) -> float | None:
    """Square root of :func:`mse`, in the unit of the answer."""
    mean_squared = mse(count, squares)
    return None if mean_squared is None else math.sqrt(mean_squared)


def r2(count: int, squares: int, truth_total: int, truth_squares: int) -> float | None:
    """``1 - sum(residual**2) / sum((truth - mean truth)**2)``, at most 1; 0 is what the mean truth would score.

    None where all truths are equal, fewer than two among them.
    """
    variation = count * truth_squares - truth_total * truth_total
    return exact.quotient(variation - count * squares, variation) if variation > 0 else None
