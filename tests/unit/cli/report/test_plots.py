"""Axes, thinning and markup of plots."""

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markupsafe import Markup

from hallmark_cli.report.plots.over_time import over_time
from hallmark_cli.report.plots.scale import Scale, domain, ticks, time_labels, time_ticks
from hallmark_cli.report.plots.side_by_side import side_by_side
from hallmark_cli.report.plots.small import small
from hallmark_cli.report.plots.strip import HEIGHTS, runs, strip
from hallmark_cli.report.plots.svg import element, number, path
from hallmark_cli.report.story.figures import Comparison, Row
from hallmark_cli.report.story.points import WORST_FIRST, Point, Series, bins, stretches, worst

MINUTE_S = 60
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\"'&"

finite = st.floats(-1e9, 1e9)
values = st.one_of(st.none(), st.floats(0, 1e6))
points = st.lists(st.tuples(st.integers(0, 5000), values, st.sampled_from(WORST_FIRST)), min_size=1, max_size=200)


def series_of(found: list[tuple[int, float | None, str]], **fields: object) -> Series:
    unique = {index: (value, verdict) for index, value, verdict in found}
    made = tuple(Point(float(index * MINUTE_S), *unique[index], count=index) for index in sorted(unique))
    return Series("response_time.p95", "response_time.p95", "s", MINUTE_S, made, **fields)  # type: ignore[arg-type]  # given by name


@given(finite, finite, st.integers(2, 9))
def test_ticks_are_few_in_order_and_on_the_axis(low: float, high: float, at_most: int) -> None:
    assume(high - low > 1e-6 * max(abs(low), abs(high), 1e-6))
    found = ticks(low, high, at_most)
    slack = (high - low) * 1e-6
    assert len(found) <= at_most
    assert found == sorted(found)
    assert all(low - slack <= tick <= high + slack for tick in found)


def test_ticks_are_round_numbers() -> None:
    assert ticks(0, 0.47) == pytest.approx([0, 0.2, 0.4])
    assert ticks(3, 3) == [3]
    assert ticks(0, 400) == [0, 100, 200, 300, 400]


@given(st.lists(finite, min_size=1))
def test_a_domain_holds_all_values_and_is_never_nothing(given: list[float]) -> None:
    low, high = domain(given)
    assert low <= min(given)
    assert high >= max(given)
    assert low < high


def test_a_domain_of_shares_ends_at_all_of_them() -> None:
    assert domain([0.2, 1.0], ceiling=1.0) == (0.0, 1.0)
    assert domain([0.9, 1.2], ceiling=1.0)[1] > 1.2


@given(finite)
def test_a_scale_never_leaves_the_picture(value: float) -> None:
    assert 10 <= Scale(0, 1, 10, 90)(value) <= 90
    assert Scale(3, 3, 0, 10)(value) == 5


def test_time_has_ticks_at_full_hours_and_days() -> None:
    day_s = 1_372_636_800
    moments = time_ticks(day_s, day_s + 86400)
    assert time_labels(moments) == ["Jul 1", "06:00", "12:00", "18:00", "Jul 2"]
    assert time_labels(time_ticks(day_s + 10, day_s + 40)) == ["00:00:10", "00:00:20", "00:00:30", "00:00:40"]


def test_long_times_have_ticks_at_months() -> None:
    day_s = 1_372_636_800
    half_year = time_ticks(day_s + 43_200, day_s + 183 * 86400)
    assert time_labels(half_year) == ["Sep 1", "Nov 1"]
    assert time_labels(time_ticks(day_s, day_s + 184 * 86400)) == ["Jul 2013", "Sep 2013", "Nov 2013", "Jan 2014"]
    assert time_labels(time_ticks(day_s, day_s + 20 * 365 * 86400)) == ["Jan 2015", "Jan 2020", "Jan 2025", "Jan 2030"]


@given(st.floats(0, 2e9), st.floats(1, 1e9))
def test_time_never_has_too_many_ticks(first_s: float, span_s: float) -> None:
    assert len(time_ticks(first_s, first_s + span_s)) <= max(5, span_s / (364 * 86400) + 1)


@given(points, st.integers(1, 300))
def test_thinning_keeps_every_window_and_hides_no_violation(
    found: list[tuple[int, float | None, str]], at_most: int
) -> None:
    series = series_of(found)
    thinned = bins(series, at_most)
    assert len(thinned) <= at_most
    assert [point for each in thinned for point in each.points] == list(series.points)
    for each in thinned:
        assert each.verdict == worst(point.verdict for point in each.points)
        assert all(each.start_s <= point.start_s < each.end_s for point in each.points)


@given(points)
def test_a_line_never_crosses_a_gap(found: list[tuple[int, float | None, str]]) -> None:
    thinned = bins(series_of(found), 100)
    lines = list(stretches(thinned))
    assert [each for line in lines for each in line] == [each for each in thinned if each.values]
    for line in lines:
        assert all(before.end_s == after.start_s for before, after in pairwise(line))


def test_a_violation_outlives_the_thinning_of_thousands_of_windows() -> None:
    found = [(index, 0.1, "pass") for index in range(5000)]
    found[2500] = (2500, 0.9, "violated")
    drawn = over_time(series_of(found, threshold=0.2, operator="<="))
    tree = ElementTree.fromstring(drawn)
    assert len(tree.findall(f"{SVG}path[@class='violated-mark']")) == 1
    assert "violated in 1" in tree.attrib["aria-label"]
    assert len(drawn) < 60_000
    assert 'class="is-violated"' in strip(series_of(found))


@given(points, st.sampled_from(["<=", ">=", ""]))
def test_every_plot_is_well_formed_and_inside_its_picture(
    found: list[tuple[int, float | None, str]], operator: str
) -> None:
    series = series_of(found, threshold=10.0 if operator else None, operator=operator)
    assume(series.values)
    for drawn in (over_time(series), over_time(series, counts=False), strip(series), small(series, 1e6, (1.0,))):
        tree = ElementTree.fromstring(drawn)
        width, height = (float(part) for part in tree.attrib["viewBox"].split()[2:])
        for each in tree.iter(f"{SVG}rect"):
            x, y, wide, high = (float(each.get(name, 0)) for name in ("x", "y", "width", "height"))
            assert wide >= 0
            assert high >= 0
            assert -0.1 <= x <= x + wide <= width + 1.1
            assert -0.1 <= y <= y + high <= height + 0.1
        assert "nan" not in drawn


@given(points)
def test_a_strip_joins_neighbours_of_one_verdict_only(found: list[tuple[int, float | None, str]]) -> None:
    thinned = bins(series_of(found), 400)
    joined = runs(thinned)
    assert [each for run in joined for each in run] == thinned
    assert all(len({each.verdict for each in run}) == 1 for run in joined)


def test_verdicts_are_told_apart_without_colour() -> None:
    assert len(set(HEIGHTS.values())) == len(HEIGHTS)


def test_markup_escapes_everything_but_markup() -> None:
    drawn = element("text", HOSTILE, Markup("<b/>"), class_=HOSTILE)
    tree = ElementTree.fromstring(drawn)
    assert tree.text == HOSTILE
    assert tree.attrib == {"class": HOSTILE}
    assert [child.tag for child in tree] == ["b"]


def test_segments_of_any_name_are_text() -> None:
    row = Row(HOSTILE, 0.1, 0.2, 0.3, 5)
    comparison = Comparison("accuracy", "carrier", "1", "1h", 0.2, (row, Row("UA", 0.2, 0.4, 0.5, 6)))
    tree = ElementTree.fromstring(side_by_side(comparison))
    assert any(HOSTILE in (title.text or "") for title in tree.iter(f"{SVG}title"))
    assert tree.attrib["aria-label"].endswith("UA 40 %")


def test_numbers_are_short_and_never_negative_zero() -> None:
    assert [number(value) for value in (1.0, 1.25, -0.04, 7, "x")] == ["1", "1.2", "0", "7", "x"]
    assert path([(1.0, 2.0)]) == "M1 2h0"
    assert path([]) == ""
    assert not math.isnan(Scale(0, 0, 0, 1)(0))
