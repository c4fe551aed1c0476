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
NOW_NS = 2 * DAY_S * S
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


def add(test: Backtest, *verdicts: WindowVerdict, start_s: int = 0, size_s: int = 60, consumer: str = "c") -> None:
    due = Due("judge", size_s, "m", consumer, start_s * S, 0, 0)
    test.add(Window(due, (), list(verdicts), (), 10))


def found(*verdicts: WindowVerdict) -> Backtest:
    test = Backtest.of(CONTRACT, NOW_NS)
    for one in verdicts:
        add(test, one, start_s=one.start.seconds)
    return test


def text(test: Backtest) -> list[str]:
    return [line.plain for line in backtest_lines(test)]


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


def test_kept_once_and_violated_once() -> None:
    assert text(found(verdict("fast", "pass", 0)))[0].endswith(": would never have been violated")
    assert text(found(verdict("fast", "violated", 0, blame="web")))[0].endswith(
        "would have been violated 1 time, first at 1970-01-01T00:00:00Z, last at 1970-01-01T00:00:00Z, most often "
        "blamed on stage web"
    )


def test_what_is_only_unknown_is_not_called_kept() -> None:
    assert text(found(verdict("fast", "unknown", 0)))[0].endswith(
        ": could not be told whether it was kept; unknown 1 time"
    )
    assert text(found(verdict("fast", "unknown", 0), verdict("fast", "pass", 60)))[0].endswith(
        ": would never have been violated; unknown 1 time"
    )


def test_only_what_the_contract_is_about_counts() -> None:
    nobodys = Backtest.of(CONTRACT.model_copy(update={"consumer": "desk"}), NOW_NS)
    others = Backtest.of(CONTRACT.model_copy(update={"name": "other"}), NOW_NS)
    for test in (nobodys, others):
        add(test, verdict("fast", "violated", 0))
    assert text(nobodys) == ["  backtest: no records are stored of m for desk"]
    assert text(found()) == ["  backtest: no records are stored of m"]
    assert (others.records, others.tallies["fast"].windows) == (10, 0)


def test_why_nothing_would_have_been_judged_is_said() -> None:
    early, late, larger = (Backtest.of(CONTRACT, NOW_NS) for _ in range(3))
    add(early)
    assert text(early) == [
        "  over 60 s (10 records from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z): no window would have been judged, "
        "for none is of the versions and the variant that it is about, and of the time when it holds"
    ]
    add(late, start_s=2 * DAY_S)
    add(larger, size_s=DAY_S)
    for test in (late, larger):
        (line,) = text(test)
        assert line.endswith(": no window would have been judged, for none is over yet")


def test_as_json() -> None:
    told: dict[str, Any] = backtest_to_dict(BROKEN)
    assert (told["records"], told["violated"], told["unknown"]) == (60, 3, 2)
    fast, right = told["objectives"]
    assert fast == {
        "name": "fast", "windows": 4, "pass": 1, "violated": 3, "unknown": 0,
        "first_violated": "1970-01-01T00:01:00Z", "last_violated": "1970-01-01T23:59:00Z",
        "blamed": {"stage inference": 2, "stage preprocess": 1}, "unknown_reason": None,
    }  # fmt: skip
    assert (right["first_violated"], right["blamed"]) == (None, {})
    assert right["unknown_reason"] == "0 of at least 30 samples"
