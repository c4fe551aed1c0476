"""How much of the data has been seen before in the same window."""

from collections.abc import Mapping

from hallmark_qoa.metrics.formulas.rates import ratio


def duplicate_ratio(counts: Mapping[str, int]) -> float | None:
    """``1 - distinct / total`` of a table of how often each value came, 0 to below 1; None for no values. Exact."""
    total = sum(counts.values())
    distinct = sum(count > 0 for count in counts.values())
    return ratio(total - distinct, total)
