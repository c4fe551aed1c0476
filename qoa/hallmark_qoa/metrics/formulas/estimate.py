"""A number that is known up to a stated error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and the most by which the true one may differ from it, in the same unit."""

    value: float
    error: float

    @classmethod
    def between(cls, low: float, high: float) -> "Estimate":
        """The middle of the range that holds the true value."""
        return cls((low + high) / 2, (high - low) / 2)
