"""Plans: what is asked in each window of a run, and what is wrong from when on. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from bench.flights.flight import Flight
from bench.flights.services import Asked

NS = 10**9
WINDOW_S = 10
WINDOWS = 8
PER_WINDOW = 40
EPOCH_S = 1_380_585_600
"""2013-10-01T00:00Z; each run is a consumer of its own, so all may have the same event time."""

NONE = "none"
KINDS = ("slow preprocess", "slow inference", "broken column", "bad model", "lost telemetry", NONE)
WEATHER = ("temp", "wind_speed", "precip", "visib", "pressure", "humid")
BAD_VERSION = "2"

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong, in the words in which it is to be blamed."""

    kind: str
    """As ``Blame.kind``."""
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One run; rows are asked in order, PER_WINDOW a window."""

    fault: str
    seed: int
    first: int
    """The first faulty window, counted from 0; WINDOWS where there is none."""
    cause: Cause | None
    detail: str
    asked: tuple[Asked, ...]
    truths: tuple[str, ...]

    @property
    def consumer(self) -> str:
        """In whose name it is asked."""
        return f"{self.fault.replace(' ', '-')}-{self.seed}"


def plan(fault: str, seed: int, flights: Sequence[Flight]) -> Plan:
    """The plan of a seed: flights drawn at random from those that landed, and a fault somewhere in the middle."""
    random = Random(f"{fault} {seed}")
    drawn = random.sample([flight for flight in flights if flight.landed_s is not None], WINDOWS * PER_WINDOW)
    first = WINDOWS if fault == NONE else 3 + random.randrange(2)
    cause, detail, change = _wrong(fault, seed, random)
    asked = [Asked(flight.row, _event_ns(index), "1") for index, flight in enumerate(drawn)]
    start = first * PER_WINDOW
    asked[start:] = map(change, asked[start:])
    return Plan(fault, seed, first, cause, detail, tuple(asked), tuple(flight.truth for flight in drawn))


def window_of(event_ns: int) -> int:
    """The number of the window that an event is in."""
    return (event_ns // NS - EPOCH_S) // WINDOW_S


def _event_ns(index: int) -> int:
    return EPOCH_S * NS + index * WINDOW_S * NS // PER_WINDOW


def _wrong(fault: str, seed: int, random: Random) -> tuple[Cause | None, str, Callable[[Asked], Asked]]:
    if fault == "broken column":
        return _broken(seed, random)
    if fault == "bad model":
        return Cause("label", "late"), "version 2 answers 5 %", lambda one: replace(one, version=BAD_VERSION)
    if fault == "lost telemetry":
        stage = ("preprocess", "inference")[seed % 2]
        return Cause("telemetry", stage), f"spans of {stage}", lambda one: one
    if fault == NONE:
        return None, "", lambda one: one
    stage = fault.removeprefix("slow ")
    return Cause("stage", stage), f"{stage} frozen most of the time", lambda one: one


def _broken(seed: int, random: Random) -> tuple[Cause, str, Callable[[Asked], Asked]]:
    if seed % 2:
        column = random.choice(WEATHER)
        return Cause("column", column), f"{column} missing", lambda one: _with(one, column, None)
    if seed % 4:
        return Cause("column", "temp"), "temp in °C", lambda one: _scaled(one, "temp", 5 / 9, -32.0)
    return Cause("column", "wind_speed"), "wind_speed in m/s", lambda one: _scaled(one, "wind_speed", 0.44704, 0.0)


def _scaled(one: Asked, column: str, factor: float, shift: float) -> Asked:
    value = one.row[column]
    return one if value is None else _with(one, column, round((float(str(value)) + shift) * factor, 2))


def _with(one: Asked, column: str, value: object) -> Asked:
    return replace(one, row={**one.row, column: value})
