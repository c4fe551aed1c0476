"""The story of a period: each consumer's predictions of each model, what was promised and what came of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.report.story.figures import Comparison, Line, comparisons, drift_of, keys_of, series_of, table_of
from hallmark_cli.report.story.material import DRIFT, LABELS, MAIN, Material
from hallmark_cli.report.story.points import Point, Series, worst
from hallmark_cli.report.story.promises import Episode, Promise, promises
from hallmark_common.reports import window_name

MAX_SUBJECTS = 30
"""Consumers and models with a section of their own; consumers come from outside, so their number is not known."""

Name = tuple[str, str, str]
"""Consumer, model, variant."""


@dataclass(frozen=True, slots=True)
class Table:
    """All figures of one window."""

    window: str
    start: datetime
    count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One consumer's predictions of one variant of a model."""

    consumer: str
    model: str
    variant: str
    versions: tuple[str, ...]
    count: int
    """Records in the period, of the smallest windows."""
    promises: tuple[Promise, ...]
    episodes: tuple[Episode, ...]
    """The first first."""
    blames: tuple[tuple[str, int], ...]
    """What is blamed, and for how many violated windows, the most first."""
    strip: Series
    """The worst verdict of each window, without values."""
    figures: tuple[Series, ...]
    drift: tuple[Series, ...]
    """Of each column, the most drifted first."""
    labels: tuple[Series, ...]
    segments: tuple[Comparison, ...]
    table: Table | None

    @property
    def verdict(self) -> str:
        """The worst of all; empty where no contract is about it."""
        return worst(
            name
            for each in self.promises
            for name, count in (("pass", each.passed), ("violated", each.violated), ("unknown", each.unknown))
            if count
        )

    @property
    def broken(self) -> int:
        """Promises that were violated in any window."""
        return sum(each.violated > 0 for each in self.promises)

    @property
    def not_known(self) -> int:
        """Promises of which no window could be judged."""
        return sum(each.kept is None for each in self.promises)

    @property
    def gaps(self) -> bool:
        """Whether promises that were kept could not be judged in every window."""
        return any(each.unknown > 0 for each in self.promises if each.kept == 1)


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that a page shows."""

    subjects: tuple[Subject, ...]
    left_out: int
    """Subjects without a section, those with the least trouble."""
    first: datetime
    last: datetime
    """From the start of the first window to the end of the last, in the time of events."""
    told: datetime
    windows: int
    more: bool
    """Whether there are older windows."""
    unusable: tuple[str, ...]
    """What is wrong with contracts and the policy, a sentence each."""


def tell(material: Material, now: datetime) -> Story:
    """The story of what the engine told; at least one window."""
    by_name = {name: list(group) for name, group in groupby(sorted(material.windows, key=_order), key=_name)}
    segments = _grouped(material.segments)
    latest = _grouped(material.latest)
    found = [_subject(windows, segments.get(name, []), latest.get(name, [])) for name, windows in by_name.items()]
    found.sort(key=lambda each: (-each.broken, -each.not_known, -len(each.promises), -each.count))
    return Story(
        subjects=tuple(found[:MAX_SUBJECTS]),
        left_out=max(len(found) - MAX_SUBJECTS, 0),
        first=_moment(min(window.start.seconds for window in material.windows)),
        last=_moment(max(window.start.seconds + window.window_s for window in material.windows)),
        told=now,
        windows=len(material.windows),
        more=material.found.more,
        unusable=tuple(material.unusable),
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _name(window: WindowReport) -> Name:
    return window.consumer, window.model, window.variant


def _order(window: WindowReport) -> tuple[Name, int, int]:
    return _name(window), window.window_s, window.start.seconds


def _grouped(windows: Iterable[WindowReport]) -> dict[Name, list[WindowReport]]:
    return {name: list(group) for name, group in groupby(sorted(windows, key=_order), key=_name)}


def _subject(
    windows: Sequence[WindowReport], segments: Sequence[WindowReport], latest: Sequence[WindowReport]
) -> Subject:
    smallest = [window for window in windows if window.window_s == windows[0].window_s]
    judged = promises(verdict for window in (*windows, *segments) for verdict in window.verdicts)
    episodes = sorted((episode for each in judged for episode in each.episodes), key=lambda each: each.start_s)
    blames = Counter(name for episode in episodes for name in episode.blames)
    return Subject(
        consumer=windows[0].consumer,
        model=windows[0].model,
        variant=windows[0].variant,
        versions=tuple(sorted({version for window in windows for version in window.versions})),
        count=sum(window.count for window in smallest),
        promises=judged,
        episodes=tuple(episodes),
        blames=tuple(blames.most_common()),
        strip=_strip(smallest, judged),
        figures=_plots(smallest, _others(smallest), {each.series.key for each in judged}),
        drift=tuple(sorted(drift_of(windows), key=lambda each: -max(each.values))),
        labels=_plots(smallest, LABELS),
        segments=comparisons(segments),
        table=_table(latest),
    )


def _others(windows: Sequence[WindowReport]) -> list[str]:
    """Keys of the main figures, then of what else was asked for and has no place of its own on the page."""
    there = {key for window in windows for key in window.figures}
    return [*MAIN, *sorted(there.difference(MAIN, LABELS, keys_of(windows, DRIFT)))]


def _plots(windows: Sequence[WindowReport], keys: Iterable[str], but: Iterable[str] = ()) -> tuple[Series, ...]:
    left_out = set(but)
    return tuple(series for key in keys if key not in left_out and (series := series_of(windows, key)))


def _strip(windows: Sequence[WindowReport], judged: Sequence[Promise]) -> Series:
    """Verdicts of windows of one size: of the smallest that promises are judged in, else none at all."""
    sizes = {each.series.size_s for each in judged}
    if not sizes:
        points = tuple(Point(window.start.seconds, None, "", window.count) for window in windows)
        return Series("verdicts", "", "", windows[0].window_s, points)
    size_s = min(sizes)
    verdicts: dict[float, list[str]] = {}
    for each in judged:
        for point in each.series.points if each.series.size_s == size_s else ():
            verdicts.setdefault(point.start_s, []).append(point.verdict)
    points = tuple(Point(start_s, None, worst(verdicts[start_s])) for start_s in sorted(verdicts))
    return Series("verdicts", "", "", size_s, points)


def _table(latest: Sequence[WindowReport]) -> Table | None:
    """The last window that is over, of the smallest size; the last one where none is over."""
    if not latest:
        return None
    smallest = [window for window in latest if window.window_s == latest[0].window_s]
    last = ([window for window in smallest if window.closed] or smallest)[-1]
    return Table(window_name(last.window_s), _moment(last.start.seconds), last.count, table_of(last))
