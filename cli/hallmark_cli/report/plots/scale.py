"""Axes: from numbers to pixels, and the round numbers at which an axis has a tick."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

STEPS = (1.0, 2.0, 5.0, 10.0)
"""Steps that people read easily, times a power of ten (Heckbert, Nice numbers for graph labels, 1990)."""

TIME_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200),
    *(86400, 2 * 86400, 7 * 86400, 14 * 86400),
)
DAY_S = 86_400
SHORTEST_MONTH_S = 28 * DAY_S
MONTH_STEPS = (1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps low..high linearly to first..last; a value outside is drawn at the nearer end."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.first + min(max(share, 0.0), 1.0) * (self.last - self.first)


def ticks(low: float, high: float, at_most: int = 5) -> list[float]:
    """Round numbers from low to high, at most so many; both ends of a range of nothing are the one number."""
    if not high > low:
        return [low]
    step = _step((high - low) / max(at_most - 1, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in STEPS if power * step >= least * (1 - 1e-9))


def domain(values: list[float], *, ceiling: float | None = None) -> tuple[float, float]:
    """The range that an axis shows: from zero where zero is near, with some room, never beyond ``ceiling``."""
    low, high = min(values), max(values)
    if 0 <= low <= 0.6 * high:
        low = 0.0
    room = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    low = low if low == 0 else low - room
    if min(values) >= 0:
        low = max(low, 0.0)
    high += room
    return low, min(high, ceiling) if ceiling is not None and max(values) <= ceiling else high


def time_ticks(first_s: float, last_s: float, at_most: int = 5) -> list[float]:
    """Round moments between two, in seconds since 1970: full minutes, hours, days and months of UTC."""
    least = (last_s - first_s) / max(at_most - 1, 1)
    step = next((step for step in TIME_STEPS_S if step >= least), None)
    if step is None:
        return _months(first_s, last_s, least)
    first = math.ceil(first_s / step) * step
    return [float(moment) for moment in range(first, math.floor(last_s) + 1, step)]


def _months(first_s: float, last_s: float, least_s: float) -> list[float]:
    """First days of every so many months, of years where those are too many."""
    years_apart = math.ceil(least_s / (365 * DAY_S))
    step = next((step for step in MONTH_STEPS if step * SHORTEST_MONTH_S >= least_s), 12 * years_apart)
    first, last = (datetime.fromtimestamp(end_s, UTC).year for end_s in (first_s, last_s))
    months = (divmod(month, 12) for month in range(12 * first, 12 * (last + 1)) if month % step == 0)
    moments = (datetime(year, month + 1, 1, tzinfo=UTC).timestamp() for year, month in months)
    return [moment for moment in moments if first_s <= moment <= last_s]


def time_labels(moments: list[float]) -> list[str]:
    """A label a tick, as short as can be: the month where years change, the day at midnight, else the time."""
    when = [datetime.fromtimestamp(moment, UTC) for moment in moments]
    if len({each.year for each in when}) > 1 and all((each.day, each.hour, each.minute) == (1, 0, 0) for each in when):
        return [f"{each:%b %Y}" for each in when]
    seconds = any(moment % 60 for moment in moments)
    return [_time_label(moment, seconds=seconds) for moment in moments]


def _time_label(moment: float, *, seconds: bool) -> str:
    when = datetime.fromtimestamp(moment, UTC)
    if moment % DAY_S == 0:
        return f"{when:%b} {when.day}"
    return f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"
