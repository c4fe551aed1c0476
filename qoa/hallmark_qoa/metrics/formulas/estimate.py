"""A number that is known up to a stated error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and the most by which the true one may differ from it, in the same unit."""

    value: float
    error: float
