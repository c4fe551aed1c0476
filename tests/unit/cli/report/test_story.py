"""What windows and verdicts say about a period."""

from collections.abc import Callable, Sequence

import pytest

from hallmark.qoa.v1.report_pb2 import Budget, WindowReport, WindowVerdict
from hallmark_cli.report.story.promises import Promise, promises
from hallmark_cli.report.story.sentences import headline, kept_sentence
from hallmark_cli.report.story.tell import MAX_SUBJECTS, Story, Subject
from tests.support import reports
from tests.support.reports import DAY_START_S, FAST, HOUR_S, MINUTE_S, RIGHT, THERE, verdict_of, window

Told = Callable[[Sequence[WindowReport]], Story]

SUBJECT = reports.Subject()


def judged(*observed: float | None) -> list[WindowVerdict]:
    return [
        verdict_of(SUBJECT, FAST, DAY_START_S + index * MINUTE_S, MINUTE_S, value)
        for index, value in enumerate(observed)
    ]


def promise(*observed: float | None) -> Promise:
    (found,) = promises(judged(*observed))
    return found


def subject_of(story: Story, consumer: str) -> Subject:
    return next(subject for subject in story.subjects if subject.consumer == consumer)


def test_windows_are_counted_by_verdict_and_unknown_is_never_kept() -> None:
    found = promise(0.1, 0.5, None, 0.1)
    assert (found.passed, found.violated, found.unknown) == (2, 1, 1)
    assert found.kept == pytest.approx(2 / 3)
    assert promise(None, None).kept is None


def test_an_episode_reaches_to_the_next_window_that_passes() -> None:
    found = promise(0.1, 0.5, None, 0.9, 0.1, 0.4).episodes
    minutes = [((each.start_s - DAY_START_S) / 60, (each.end_s - DAY_START_S) / 60) for each in found]
    assert minutes == [(1, 4), (5, 6)]
    assert [each.windows for each in found] == [2, 1]
    assert [each.observed for each in found] == ["900 ms", "400 ms"]
    assert found[0].blames == ("stage inference",) * 2
    assert [proof.text for proof in found[0].evidence] == ["700 ms", "650 ms", "600 ms"]


def test_each_window_has_a_blame_of_its_own() -> None:
    verdicts = judged(0.5, 0.5, 0.5)
    verdicts[1].blame.name = "web"
    verdicts[2].ClearField("blame")
    (found,) = promises(verdicts)
    assert found.episodes[0].blames == ("stage inference", "stage web", "nothing in particular")


def test_the_unknown_alone_is_no_episode() -> None:
    assert promise(None, 0.1, None).episodes == ()


def test_the_worst_of_a_share_is_the_lowest() -> None:
    verdicts = [verdict_of(SUBJECT, THERE, DAY_START_S + index, 1, value) for index, value in enumerate((0.9, 0.5))]
    (found,) = promises(verdicts)
    assert found.episodes[0].observed == "50 %"


def test_a_verdict_that_is_told_twice_counts_once_and_order_does_not_matter() -> None:
    verdicts = judged(0.1, 0.5, 0.1)
    assert promises([*reversed(verdicts), *verdicts]) == promises(verdicts)


def test_broken_promises_come_first() -> None:
    kept = verdict_of(SUBJECT, THERE, DAY_START_S, MINUTE_S, 1.0)
    unknown = verdict_of(SUBJECT, RIGHT, DAY_START_S, MINUTE_S, None)
    found = promises([kept, unknown, *judged(0.5)])
    assert [each.objective for each in found] == ["fast-enough", "right-enough", "there"]


def test_an_error_budget_burns_down_by_what_is_allowed_of_the_windows_so_far() -> None:
    verdicts = judged(0.1, 0.5, 0.5)
    for index, verdict in enumerate(verdicts):
        verdict.budget.CopyFrom(Budget(target=0.9, period_s=6000, windows=39 + index, violated=max(index - 1, 0)))
    verdicts[-1].budget.burn_rate = 2.5
    (found,) = promises(verdicts)
    assert found.budget is not None
    assert found.budget.values == pytest.approx([1.0, 1 - 1 / 4.1, 1 - 2 / 4.2])
    assert found.burn_rate == 2.5


def test_an_overdrawn_budget_is_drawn_at_the_lower_end() -> None:
    (verdict,) = judged(0.5)
    verdict.budget.CopyFrom(Budget(target=0.99, period_s=6000))
    (found,) = promises([verdict])
    assert found.budget is not None
    assert found.budget.values == [-1.0]


def test_a_budget_of_nothing_is_not_known() -> None:
    (verdict,) = judged(0.5)
    verdict.budget.CopyFrom(Budget(target=1.0, period_s=6000))
    (found,) = promises([verdict])
    assert found.budget is not None
    assert found.budget.values == []


def test_a_day_is_told_with_the_most_trouble_first(story_of: Told, day: list[WindowReport]) -> None:
    story = story_of(day)
    assert [subject.consumer for subject in story.subjects] == ["operations", "page", "anonymous"]
    assert headline(story) == "2 of 5 promises were broken, 3 were kept where that could be judged."
    flights = story.subjects[0]
    assert flights.verdict == "violated"
    assert [name for name, _ in flights.blames] == ["stage inference", "column carrier"]
    assert flights.episodes[0].objective == "fast-enough"
    assert flights.drift[0].key == "psi[carrier]"
    assert len(flights.drift) == len(reports.COLUMNS)
    assert [each.key for each in flights.segments] == ["accuracy", "response_time.p95"]
    assert [row.name for row in flights.segments[0].rows] == list(reports.CARRIERS)
    assert [each.key for each in flights.labels] == [
        "label_coverage",
        "label_delay.p50",
        "calibration_error",
        "brier_score",
    ]


def test_what_nobody_promised_is_not_kept_either(story_of: Told, day: list[WindowReport]) -> None:
    anonymous = subject_of(story_of(day), "anonymous")
    assert anonymous.verdict == ""
    assert kept_sentence(anonymous) == "Nothing was promised."
    assert [each.key for each in anonymous.figures][:2] == ["response_time.p50", "response_time.p99"]
    alone = story_of([each for each in day if each.consumer == "anonymous"])
    assert headline(alone) == "Nothing was promised to anybody, so nothing was judged."


def test_figures_that_were_asked_for_are_plotted_after_the_main_ones(story_of: Told) -> None:
    figures = {"throughput": 5.0, "validity": 1.0, "psi[temp]": 0.1, "label_coverage": 0.5}
    (subject,) = story_of([window(SUBJECT, DAY_START_S, MINUTE_S, figures)]).subjects
    assert [each.key for each in subject.figures] == ["validity", "throughput"]


def test_a_promise_that_is_never_judged_is_said_in_the_sentence(story_of: Told) -> None:
    verdicts = [verdict_of(SUBJECT, RIGHT, DAY_START_S, MINUTE_S, None)]
    story = story_of([window(SUBJECT, DAY_START_S, MINUTE_S, {}, verdicts)])
    assert headline(story) == "The one promise could not be judged."


def test_windows_that_could_not_be_judged_are_said_and_never_pass(story_of: Told) -> None:
    windows = [window(SUBJECT, verdict.start.seconds, MINUTE_S, {}, [verdict]) for verdict in judged(0.1, None)]
    (subject,) = story_of(windows).subjects
    assert subject.verdict == "unknown"
    assert kept_sentence(subject) == "The one promise was kept where that could be judged."
    assert kept_sentence(story_of(windows[:1]).subjects[0]) == "The one promise was kept."
    assert story_of(windows[:1]).subjects[0].verdict == "pass"


def test_drift_is_of_the_smallest_windows_with_enough_samples(story_of: Told) -> None:
    def drift(minute: int, hour: int) -> list[tuple[int, int]]:
        counts = ((MINUTE_S, minute), (HOUR_S, hour))
        windows = [window(SUBJECT, DAY_START_S, size, {"psi[temp]": 0.3}, judged(0.1), count=n) for size, n in counts]
        (subject,) = story_of(windows).subjects
        return [(series.size_s, len(series.points)) for series in subject.drift]

    assert drift(minute=200, hour=12_000) == [(MINUTE_S, 1)]
    assert drift(minute=30, hour=1_800) == [(HOUR_S, 1)]
    assert drift(minute=1, hour=60) == []


def test_segments_are_compared_by_windows_with_enough_samples_and_where_they_differ(story_of: Told) -> None:
    def segment(name: str, accuracy: float, count: int) -> WindowReport:
        figures = {"accuracy": accuracy, "availability": 1.0}
        return window(SUBJECT, DAY_START_S, HOUR_S, figures, count=count, segment=f"carrier={name}")

    windows = [window(SUBJECT, DAY_START_S, HOUR_S, {}), segment("AA", 0.8, 90), segment("UA", 0.7, 90)]
    (subject,) = story_of([*windows, segment("HA", 0.0, 2)]).subjects
    (compared,) = subject.segments
    assert (compared.key, [row.name for row in compared.rows]) == ("accuracy", ["UA", "AA"])


def test_verdicts_of_segments_are_promises_too(story_of: Told) -> None:
    verdict = verdict_of(SUBJECT, FAST, DAY_START_S, MINUTE_S, 0.5)
    verdict.segment = "carrier=UA"
    whole = window(SUBJECT, DAY_START_S, MINUTE_S, {})
    story = story_of([whole, window(SUBJECT, DAY_START_S, MINUTE_S, {}, [verdict], segment="carrier=UA")])
    (found,) = story.subjects[0].promises
    assert found.promise == "response_time.p95 of carrier=UA <= 200 ms"


def test_the_table_is_of_the_last_window_that_is_over(story_of: Told) -> None:
    windows = [
        window(SUBJECT, DAY_START_S + index * MINUTE_S, MINUTE_S, {"accuracy": index / 10}, closed=index < 2)
        for index in range(3)
    ]
    table = story_of(windows).subjects[0].table
    assert table is not None
    assert [(line.key, line.value) for line in table.lines] == [("accuracy", "10 %")]


def test_more_consumers_than_a_page_holds_are_counted(story_of: Told) -> None:
    windows = [window(reports.Subject(f"c{index}"), DAY_START_S, MINUTE_S, {}) for index in range(MAX_SUBJECTS + 7)]
    story = story_of(windows)
    assert len(story.subjects) == MAX_SUBJECTS
    assert story.left_out == 7
