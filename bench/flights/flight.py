"""A flight as it is asked about, and when its truth is known. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

HOUR_S = 3600
DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight; times in seconds since 1970."""

    row: dict[str, object]
    """What is asked: one instance of the model ``flights``."""
    departure_s: int
    """Scheduled."""
    landed_s: int | None
    """When it was at its gate; None where it was cancelled or diverted, and nobody ever tells."""
    late: bool
    """More than 15 minutes late; means nothing where it has not landed."""

    @property
    def truth(self) -> str:
        """The true label, in the words of the model."""
        return "late" if self.late else "on time"


def by_time(flights: Sequence[Flight], step_s: int) -> Iterator[tuple[int, list[Flight]]]:
    """Flights of each step of time that has any, with the end of the step, in seconds since 1970."""
    for step, group in groupby(flights, key=lambda flight: flight.departure_s // step_s):
        yield (step + 1) * step_s, list(group)
