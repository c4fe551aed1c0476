"""A categorical reference and current counts, over the same categories."""

from collections.abc import Mapping

OTHER = "other"
"""Holds every category that the reference does not know."""


def align(
    reference: Mapping[str, float], counts: Mapping[str, int], least_share: float = 0.0
) -> tuple[list[float], list[int]]:
    """Shares of the reference and counts, by category in alphabetical order, and at the end those of ``OTHER``.

    Its share is 0, unless the reference itself has a category of that name. With ``least_share`` all known categories
    that are rarer than that in the reference are counted as one, before ``OTHER``: many rare ones are noise.
    """
    known = sorted(category for category in reference if category != OTHER)
    common = [category for category in known if reference[category] >= least_share]
    rare = [category for category in known if reference[category] < least_share]
    shares = [reference[category] for category in common]
    aligned = [counts.get(category, 0) for category in common]
    if rare:
        shares.append(sum(reference[category] for category in rare))
        aligned.append(sum(counts.get(category, 0) for category in rare))
    unknown = sum(count for category, count in counts.items() if category not in known)
    return [*shares, reference.get(OTHER, 0.0)], [*aligned, unknown]
