"""Proper scores of forecast probabilities, from exact sums (:mod:`.exact`): lower is better."""

import math

from hallmark_qoa.metrics.formulas import exact

LEAST_PROBABILITY = 2.0**-52
"""What a probability of 0 counts as in a log loss, which would be infinite otherwise; scikit-learn clips there too."""


def brier_score(count: int, squares: int, hits: int, hit_total: int) -> float | None:
    """Mean of ``(p - y)**2``, 0 to 1, of events forecast with probability p that happened (y = 1) or not (y = 0).

    Brier 1950, Mon. Weather Rev. 78(1), in the form for two outcomes. ``squares`` are those of all ``count``
    probabilities, ``hit_total`` is the total of those of the ``hits`` events that happened. None for no values.
    """
    doubled = hit_total << (exact.FRACTION_BITS + 1)
    return exact.mean_square(count, squares - doubled + (hits << (2 * exact.FRACTION_BITS)))


def log_loss_of(probability: float) -> float:
    """``-ln p`` in nats, 0 to 36.05, of the probability that was forecast for what then happened.

    The logarithm is that of the machine, and may differ in its last bit on another.

    Raises:
        ValueError: the probability is outside 0 to 1, or not a number.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"expected a probability of 0 to 1, got {probability}")
    return -math.log(max(probability, LEAST_PROBABILITY)) + 0.0  # no -0.0


def log_loss(count: int, total: int) -> float | None:
    """Mean log loss in nats, at least 0 (Good 1952, J. R. Stat. Soc. B 14(1)), of the total of :func:`log_loss_of`."""
    return exact.mean(count, total)
