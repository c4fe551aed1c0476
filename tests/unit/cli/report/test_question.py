"""Which of the windows that an engine has are shown."""

from collections.abc import Sequence

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.report.question import Found, chosen
from tests.support.reports import DAY_START_S, FAST, HOUR_S, MINUTE_S, Subject, verdict_of, window

DESK, NOBODY = Subject("desk"), Subject("nobody")


def of(subject: Subject, size_s: int, *, judged: bool = False) -> WindowReport:
    verdicts = [verdict_of(subject, FAST, DAY_START_S, size_s, 0.1)] if judged else []
    return window(subject, DAY_START_S, size_s, {}, verdicts)


def shown(*answers: Sequence[WindowReport]) -> list[tuple[str, int]]:
    found = chosen([Found(tuple(windows), more=False) for windows in answers])
    return [(each.consumer, each.window_s) for each in found.windows]


def test_sizes_that_contracts_judge_are_shown_of_each_consumer_by_itself() -> None:
    minutes = [of(DESK, MINUTE_S), of(NOBODY, MINUTE_S)]
    hours = [of(DESK, HOUR_S, judged=True), of(NOBODY, HOUR_S)]
    assert shown(minutes, hours) == [("nobody", MINUTE_S), ("desk", HOUR_S)]
    assert shown([of(DESK, MINUTE_S, judged=True)], hours[:1]) == [("desk", MINUTE_S), ("desk", HOUR_S)]
    assert shown([], [of(NOBODY, HOUR_S)]) == [("nobody", HOUR_S)]
    assert shown([], []) == []


def test_older_windows_are_those_of_sizes_that_are_shown() -> None:
    minute, hour = of(DESK, MINUTE_S), of(DESK, HOUR_S, judged=True)
    assert not chosen([Found((minute,), more=True), Found((hour,), more=False)]).more
    assert chosen([Found((minute,), more=False), Found((hour,), more=True)]).more
