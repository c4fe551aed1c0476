"""What a person sees of windows in a terminal."""

from collections.abc import Sequence

from rich.text import Text

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowReport, WindowVerdict
from hallmark_cli.render.report import report_lines
from hallmark_cli.render.verdict import change_line, verdict_text
from tests.support.reports import (
    DAY_START_S,
    FAST,
    MINUTE_S,
    RIGHT,
    THERE,
    Subject,
    prediction_id,
    verdict_of,
    window,
)

SUBJECT = Subject()
FIGURES = {"response_time.p50": 0.004, "response_time.p99": 0.0171, "availability": 0.9995, "accuracy": None}
WORST = [f"{prediction_id(DAY_START_S + rank)}" for rank in range(3)]


def minute(index: int, observed: float | None, *, figures: dict[str, float | None] | None = None) -> WindowReport:
    start_s = DAY_START_S + index * MINUTE_S
    verdicts = [verdict_of(SUBJECT, FAST, start_s, MINUTE_S, observed)]
    return window(SUBJECT, start_s, MINUTE_S, FIGURES if figures is None else figures, verdicts)


def text_of(lines: Sequence[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def test_a_table_and_below_it_what_broke() -> None:
    assert (
        text_of(report_lines([minute(0, 0.5), minute(1, 0.1)], (), 100))
        == f"""\
operations · flights (default) · windows of 1m
  window             verdict     count  complete   p50      p99  available
  2013-07-01T00:00Z  ✗ violated    300      98 %  4 ms  17.1 ms    99.95 %
  2013-07-01T00:01Z  ✓ pass        300      98 %  4 ms  17.1 ms    99.95 %

  ✗ violated in 1 of 2  flights-operations/fast-enough  response_time.p95 <= 200 ms  critical
    2013-07-01T00:00:00Z  observed 500 ms
      why     response_time.p95 is 0.5, beyond 0.2
      blamed  stage inference: its own time is 290 ms, 4.1 ms is usual
      worst   {WORST[0]}  700 ms  in inference
      worst   {WORST[1]}  650 ms  in inference
      worst   {WORST[2]}  600 ms  in inference"""
    )


def test_the_unknown_is_told_with_its_reason_and_once() -> None:
    lines = text_of(report_lines([minute(index, None) for index in range(5)], (), 100))
    assert "  ? unknown in 5 of 5  flights-operations/fast-enough" in lines
    assert lines.count("why     the truth of 0 % of the predictions is known, 50 % are wanted") == 1


def test_the_last_of_many_violations_are_told_and_the_rest_counted() -> None:
    lines = text_of(report_lines([minute(index, 0.5) for index in range(9)], (), 100))
    assert "… 6 before; --json has all of them" in lines
    assert [f"2013-07-01T00:0{index}:00Z  observed" in lines for index in range(9)] == [False] * 6 + [True] * 3


def test_a_narrow_terminal_shows_fewer_figures_and_says_so_but_never_hides_completeness() -> None:
    lines = report_lines([minute(0, 0.1, figures=FIGURES | {"accuracy": 0.785})], (), 65)
    table = [line.plain for line in lines[1:]]
    assert max(len(line) for line in table[:2]) <= 65
    assert table[0].split() == ["window", "verdict", "count", "complete", "p50", "accuracy"]
    assert table[2] == "  no room for p99, available; a wider terminal or --json shows it"


def test_a_start_is_as_short_as_its_window_allows() -> None:
    sizes = (
        (10, "2013-07-01T00:00:00Z"),
        (60, "2013-07-01T00:00Z"),
        (3600, "2013-07-01T00:00Z"),
        (86400, "2013-07-01"),
    )
    for size_s, start in sizes:
        row = report_lines([window(SUBJECT, DAY_START_S, size_s, FIGURES)], (), 100)[2]
        assert row.plain.split()[0] == start


def test_every_metric_that_was_asked_for_has_a_column_even_where_it_is_not_known() -> None:
    (_, head, row) = text_of(
        report_lines([minute(0, 0.1, figures={"psi[carrier]": 0.31, "auc": None})], ("psi",), 100)
    ).splitlines()
    assert head.split() == ["window", "verdict", "count", "complete", "auc", "psi[carrier]"]
    assert row.split()[-2:] == ["–", "0.31"]


def test_windows_that_no_contract_is_about_and_that_are_open_say_so() -> None:
    text = text_of(report_lines([window(SUBJECT, DAY_START_S, MINUTE_S, FIGURES, closed=False)], (), 100))
    assert "– open " in text
    assert "– not judged" in text_of(report_lines([window(SUBJECT, DAY_START_S, MINUTE_S, FIGURES)], (), 100))


def test_consumers_and_segments_have_tables_of_their_own() -> None:
    windows = [
        window(Subject("b"), DAY_START_S, MINUTE_S, {}),
        window(Subject("a"), DAY_START_S, MINUTE_S, {}),
        window(Subject("a"), DAY_START_S, MINUTE_S, {}, segment="carrier=UA"),
    ]
    names = [line for line in text_of(report_lines(windows, (), 100)).splitlines() if "·" in line]
    assert names == [
        "a · flights (default) · windows of 1m",
        "a · flights (default), carrier=UA · windows of 1m",
        "b · flights (default) · windows of 1m",
    ]


def test_a_verdict_is_a_word_and_not_only_a_colour() -> None:
    assert [verdict_text(name).plain for name in ("pass", "violated", "unknown", "")] == [
        "✓ pass",
        "✗ violated",
        "? unknown",
        "– not judged",
    ]


def change(now: float | None, before: str) -> str:
    verdict = verdict_of(SUBJECT, FAST, DAY_START_S, MINUTE_S, now)
    return change_line(VerdictChange(verdict=verdict, before=before)).plain


def test_a_change_is_one_line_with_everything_on_it() -> None:
    assert change(0.5, "pass") == (
        "2013-07-01T00:00:00Z  pass → ✗ violated  flights-operations/fast-enough  operations flights (default)  "
        f"1m: response_time.p95 <= 200 ms, observed 500 ms  blamed on stage inference  worst {WORST[0]}"
    )


def test_a_recovery_and_a_first_verdict_are_told_too() -> None:
    assert "violated → ✓ pass (recovered)  " in change(0.1, "violated")
    assert "new → ? unknown  " in change(None, "")
    assert change(None, "").endswith(
        "observed not known: the truth of 0 % of the predictions is known, 50 % are wanted"
    )


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    verdict = verdict_of(Subject("\x1b[2Jevil"), RIGHT, DAY_START_S, MINUTE_S, 0.5)
    verdict.blame.detail = "carrier = \x1b]0;title\x07"
    verdict.evidence[0].detail = "a\nb\x9b31m"
    verdict.reasons[0] = "\x1b[31mred"
    told = window(Subject("\x1b[2Jevil"), DAY_START_S, MINUTE_S, {}, [verdict])
    lines = [*report_lines([told], (), 100), change_line(VerdictChange(verdict=verdict, before="pass"))]
    assert all(line.plain.isprintable() for line in lines)


def test_a_share_that_is_nearly_all_is_not_rounded_to_it() -> None:
    verdict: WindowVerdict = verdict_of(SUBJECT, THERE, DAY_START_S, MINUTE_S, 0.99996)
    assert "observed 99.996 %" in change_line(VerdictChange(verdict=verdict)).plain
