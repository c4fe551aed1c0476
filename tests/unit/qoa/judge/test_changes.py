"""Which verdicts are news, and what identifies them."""

import pytest

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.judge.changes import change_id, changes, key_of, latest_by_key, turns

PASS, VIOLATED, UNKNOWN, NONE = "pass", "violated", "unknown", ""


def _verdict(word: str, start_s: int = 0, **more: str) -> WindowVerdict:
    made = WindowVerdict(
        contract="deal", objective="fast", consumer="acme", model="m", window_s=10, verdict=word, **more
    )
    made.start.FromSeconds(start_s)
    return made


def _by_key(word: str) -> dict[tuple[str, str, str, str], WindowVerdict]:
    return latest_by_key([_verdict(word)] if word else [])


@pytest.mark.parametrize(
    ("stored", "before", "now", "told"),
    [
        (NONE, NONE, PASS, None),
        (NONE, NONE, UNKNOWN, None),
        (NONE, NONE, VIOLATED, NONE),
        (NONE, PASS, PASS, None),
        (NONE, PASS, VIOLATED, PASS),
        (NONE, PASS, UNKNOWN, PASS),
        (NONE, VIOLATED, VIOLATED, None),
        (NONE, VIOLATED, PASS, VIOLATED),
        (NONE, VIOLATED, UNKNOWN, VIOLATED),
        (NONE, UNKNOWN, UNKNOWN, None),
        (NONE, UNKNOWN, PASS, UNKNOWN),
        (NONE, UNKNOWN, VIOLATED, UNKNOWN),
        # Labels came: it is known at last.
        (UNKNOWN, PASS, UNKNOWN, None),
        (UNKNOWN, PASS, PASS, None),
        (UNKNOWN, PASS, VIOLATED, PASS),
        (UNKNOWN, UNKNOWN, PASS, UNKNOWN),
        (UNKNOWN, NONE, PASS, None),
        (UNKNOWN, NONE, VIOLATED, NONE),
        # It was the opposite, and somebody may have been told so.
        (VIOLATED, PASS, PASS, VIOLATED),
        (VIOLATED, NONE, PASS, VIOLATED),
        (VIOLATED, VIOLATED, PASS, VIOLATED),
        (PASS, VIOLATED, VIOLATED, PASS),
        (PASS, PASS, VIOLATED, PASS),
        (PASS, PASS, UNKNOWN, None),
        (PASS, VIOLATED, PASS, None),
        (VIOLATED, PASS, VIOLATED, None),
        (PASS, PASS, PASS, None),
        (PASS, UNKNOWN, PASS, None),
        (PASS, NONE, PASS, None),
        (VIOLATED, VIOLATED, VIOLATED, None),
        (VIOLATED, NONE, VIOLATED, None),
    ],
)
def test_what_is_news(stored: str, before: str, now: str, told: str | None) -> None:
    """``told`` is what a change says was before; None where there is none."""
    news = changes([_verdict(now)], _by_key(before), _by_key(stored))
    assert [(one.verdict.verdict, one.before) for one in news] == ([] if told is None else [(now, told)])


def test_the_id_is_of_the_verdict_on_the_window() -> None:
    assert change_id(_verdict(PASS)) == change_id(_verdict(PASS, reasons=["whatever"]))  # type: ignore[arg-type]  # a list
    others = [
        _verdict(VIOLATED),
        _verdict(PASS, 10),
        _verdict(PASS, variant="canary"),
        _verdict(PASS, segment="kind=a"),
        _verdict(PASS, contract_version="2"),
    ]
    ids = {change_id(one) for one in (_verdict(PASS), *others)}
    assert len(ids) == 6
    assert all(len(one) == 32 for one in ids)


def test_a_verdict_that_comes_back_has_another_id() -> None:
    """Violated, not any more, violated again: the last is news too."""
    steps = [(NONE, VIOLATED), (VIOLATED, PASS), (PASS, VIOLATED)]
    ids = [changes([_verdict(now)], _by_key(PASS), _by_key(stored))[0].id for stored, now in steps]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("now", "after", "told"),
    [(VIOLATED, PASS, VIOLATED), (PASS, VIOLATED, PASS), (VIOLATED, VIOLATED, None), (VIOLATED, UNKNOWN, None),
     (VIOLATED, NONE, None), (UNKNOWN, PASS, None)],
)  # fmt: skip
def test_the_window_after_late_news_may_be_news_again(now: str, after: str, told: str | None) -> None:
    news = changes([_verdict(now, 0)], _by_key(VIOLATED if now != VIOLATED else PASS), {})
    assert [one.verdict.verdict for one in news] == [now]
    again = turns(news, latest_by_key([_verdict(after, 10)] if after else []))
    assert [(one.verdict.verdict, one.before) for one in again] == ([] if told is None else [(after, told)])


def test_what_is_news_again_has_the_id_that_it_would_have_had() -> None:
    after = _verdict(PASS, 10)
    (again,) = turns(changes([_verdict(VIOLATED)], {}, {}), latest_by_key([after]))
    (first,) = changes([after], _by_key(VIOLATED), {})
    assert again == first


def test_variants_and_segments_are_news_of_their_own() -> None:
    verdicts = [_verdict(VIOLATED), _verdict(VIOLATED, variant="canary"), _verdict(VIOLATED, segment="kind=a")]
    news = changes(verdicts, latest_by_key([_verdict(VIOLATED), _verdict(PASS, variant="canary")]), {})
    assert [(key_of(one.verdict)[2:], one.before) for one in news] == [(("canary", ""), PASS), (("", "kind=a"), NONE)]


def test_the_latest_of_an_objective_is_the_last() -> None:
    (latest,) = latest_by_key([_verdict(PASS, 0), _verdict(VIOLATED, 10)]).values()
    assert latest.verdict == VIOLATED
