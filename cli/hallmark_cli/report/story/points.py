"""Figures over time, thinned to what a plot can show."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

WORST_FIRST = ("violated", "unknown", "pass", "")
"""Verdicts in the order in which one hides another."""


@dataclass(frozen=True, slots=True)
class Point:
    """One window."""

    start_s: float
    """Start in seconds since 1970, in the time of events."""
    value: float | None
    """In the unit of the series; None where it could not be told."""
    verdict: str = ""
    """``pass``, ``violated``, ``unknown``, or empty where nothing was judged."""
    count: int = 0
    """Samples that the value is made of."""
    completeness: float = 1.0
    """Share of the window's records that are complete."""


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over time."""

    title: str
    """What is plotted, such as ``response_time.p95 of carrier=UA``."""
    key: str
    """Key of the figure, such as ``response_time.p95``."""
    unit: str
    size_s: int
    """Size of its windows in seconds."""
    points: tuple[Point, ...]
    """Oldest first."""
    threshold: float | None = None
    operator: str = ""
    """How values must compare to the threshold: ``<``, ``<=``, ``>`` or ``>=``."""

    @property
    def values(self) -> list[float]:
        """What is known."""
        return [point.value for point in self.points if point.value is not None]

    @property
    def above_is_bad(self) -> bool:
        """Whether a greater value is the worse one."""
        return not self.operator.startswith(">")

    @property
    def span_s(self) -> tuple[float, float]:
        """From the start of the first window to the end of the last, in seconds since 1970."""
        return self.points[0].start_s, self.points[-1].start_s + self.size_s


@dataclass(frozen=True, slots=True)
class Bin:
    """Neighbouring windows that are drawn as one."""

    start_s: float
    end_s: float
    points: tuple[Point, ...]

    @property
    def verdict(self) -> str:
        """The worst of its windows: thinning must never hide a violation."""
        return worst(point.verdict for point in self.points)

    @property
    def values(self) -> list[float]:
        """What is known."""
        return [point.value for point in self.points if point.value is not None]

    @property
    def middle(self) -> float:
        """The median of its values."""
        return median(self.values)

    def extreme(self, *, greatest: bool) -> float:
        """The worst value of its violated windows, of all of them where none of those has one."""
        bad = [point.value for point in self.points if point.verdict == "violated" and point.value is not None]
        return max(bad or self.values) if greatest else min(bad or self.values)

    @property
    def count(self) -> int:
        """Samples of all its windows."""
        return sum(point.count for point in self.points)

    @property
    def completeness(self) -> float:
        """Share of complete records, by samples."""
        return sum(point.completeness * point.count for point in self.points) / self.count if self.count else 0.0


def worst(verdicts: Iterable[str]) -> str:
    """The verdict that counts for several; empty where there is none."""
    there = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in there), "")


def bins(series: Series, at_most: int) -> list[Bin]:
    """The windows of a series in stretches of equal time, at most so many; times without windows have none."""
    if not series.points:
        return []
    first_s, last_s = series.span_s
    windows = max(round((last_s - first_s) / series.size_s), 1)
    width_s = -(-windows // at_most) * series.size_s
    return [
        Bin(first_s + index * width_s, first_s + (index + 1) * width_s, tuple(points))
        for index, points in groupby(series.points, lambda point: int((point.start_s - first_s) // width_s))
    ]


def stretches(found: Sequence[Bin]) -> Iterator[list[Bin]]:
    """Bins with a value that follow each other without a gap: what one line may connect."""
    current: list[Bin] = []
    for each in found:
        if current and (not each.values or each.start_s > current[-1].end_s):
            yield current
            current = []
        if each.values:
            current.append(each)
    if current:
        yield current
