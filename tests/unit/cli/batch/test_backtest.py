"""What a backtest counts and tells."""

from typing import Any

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_cli.contracts.backtest import Backtest
from hallmark_cli.contracts.backtest_text import backtest_lines, backtest_to_dict
from hallmark_common.contracts.model import Contract
from hallmark_qoa.batch.recompute import Window
from hallmark_qoa.stores.base import Due

S = 10**9
DAY_S = 86_400
CONTRACT = Contract.model_validate(
    {
        "name": "deal",
        "consumer": "*",
        "model": {"name": "m"},
        "objectives": [
            {"name": "fast", "metric": "mae", "operator": "<=", "threshold": 1, "window": "1m"},
            {"name": "right", "metric": "accuracy", "operator": ">=", "threshold": 0.5, "window": "1m"},
        ],
    }
)  # fmt: skip


def verdict(objective: str, word: str, start_s: int, *reasons: str, blame: str = "") -> WindowVerdict:
    made = WindowVerdict(contract="deal", objective=objective, verdict=word, reasons=reasons, window_s=60)
    made.start.FromNanoseconds(start_s * S)
    if blame:
        made.blame.kind, made.blame.name = "stage", blame
    return made


def found(*verdicts: WindowVerdict, records: int = 10) -> Backtest:
    test = Backtest.of([CONTRACT])
    for one in verdicts:
        test.add(Window(Due("judge", 60, "m", "c", one.start.ToNanoseconds(), 0, 0), (), [one], (), records))
    return test


def text(test: Backtest) -> list[str]:
    return [line.plain for line in backtest_lines("deal", test)]


BROKEN = found(
    verdict("fast", "pass", 0),
    verdict("fast", "violated", 60, blame="preprocess"),
    verdict("fast", "violated", 120, blame="inference"),
    verdict("fast", "violated", DAY_S - 60, blame="inference"),
    verdict("right", "unknown", 0, "3 of at least 30 samples"),
    verdict("right", "unknown", 60, "accuracy cannot be computed", "0 of at least 30 samples"),
)


def test_a_sentence_and_a_line_for_each_objective() -> None:
    assert text(BROKEN) == [
        "  over 24 h (60 records from 1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z): "
        "would have been violated 3 times, "
        "first at 1970-01-01T00:01:00Z, last at 1970-01-01T23:59:00Z, most often blamed on stage inference; "
        "unknown 2 times",
        "    objective  windows  violated  unknown  first                 last                  blamed, or why unknown",
        "    fast             4         3        0  1970-01-01T00:01:00Z  1970-01-01T23:59:00Z  stage inference",
        "    right            2         0        2                                              "
        "0 of at least 30 samples",
    ]


def test_kept_once_and_without_any_window() -> None:
    assert text(found(verdict("fast", "pass", 0)))[0].endswith(": would never have been violated")
    assert text(found())[0] == "  backtest: no records are stored that it is about"
    assert text(found(verdict("fast", "violated", 0, blame="web"), records=1))[0].endswith(
        "would have been violated 1 time, first at 1970-01-01T00:00:00Z, last at 1970-01-01T00:00:00Z, most often "
        "blamed on stage web"
    )


def test_windows_that_no_objective_is_about_are_not_called_kept() -> None:
    test = Backtest.of([CONTRACT])
    test.add(Window(Due("judge", 60, "m", "c", 0, 0, 0), (), (), (), 1))
    assert text(test)[0].endswith(": no window would have been judged")


def test_as_json() -> None:
    told: dict[str, Any] = backtest_to_dict("deal", BROKEN)
    assert (told["records"], told["violated"], told["unknown"]) == (60, 3, 2)
    fast, right = told["objectives"]
    assert fast == {
        "name": "fast", "windows": 4, "pass": 1, "violated": 3, "unknown": 0,
        "first_violated": "1970-01-01T00:01:00Z", "last_violated": "1970-01-01T23:59:00Z",
        "blamed": {"stage inference": 2, "stage preprocess": 1}, "unknown_reason": None,
    }  # fmt: skip
    assert (right["first_violated"], right["blamed"]) == (None, {})
    assert right["unknown_reason"] == "0 of at least 30 samples"
