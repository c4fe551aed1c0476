"""Which verdicts are news, and what identifies them."""

from collections.abc import Iterable
from itertools import product

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.judge.changes import Key, change_id, changes, key_of, latest_by_key, settled, turns

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
        # It was another one, and somebody may go by that.
        (VIOLATED, PASS, PASS, VIOLATED),
        (VIOLATED, NONE, PASS, VIOLATED),
        (VIOLATED, VIOLATED, PASS, VIOLATED),
        (PASS, VIOLATED, VIOLATED, PASS),
        (PASS, PASS, VIOLATED, PASS),
        (PASS, PASS, UNKNOWN, PASS),
        (VIOLATED, PASS, UNKNOWN, VIOLATED),
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
    news = changes([_verdict(now)], _by_key(before), _by_key(stored), revision=1)
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
    """However often: each time is news."""
    steps = [(NONE, VIOLATED), *[(VIOLATED, PASS), (PASS, VIOLATED)] * 2]
    ids = [
        changes([_verdict(now)], _by_key(PASS), _by_key(stored), revision)[0].id
        for revision, (stored, now) in enumerate(steps)
    ]
    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    ("now", "next_", "latest", "told"),
    [
        (VIOLATED, PASS, PASS, [(VIOLATED, PASS)]),
        (PASS, VIOLATED, VIOLATED, [(PASS, VIOLATED)]),
        (VIOLATED, VIOLATED, VIOLATED, []),
        (VIOLATED, UNKNOWN, UNKNOWN, []),
        (VIOLATED, NONE, NONE, []),
        (UNKNOWN, PASS, PASS, [(UNKNOWN, PASS)]),
        # What the latest is counts, whatever has been told of it before.
        (PASS, PASS, VIOLATED, [(PASS, VIOLATED)]),
        (VIOLATED, PASS, VIOLATED, [(VIOLATED, PASS), (PASS, VIOLATED)]),
        (VIOLATED, UNKNOWN, PASS, [(VIOLATED, PASS)]),
        (UNKNOWN, VIOLATED, UNKNOWN, [(UNKNOWN, VIOLATED)]),
    ],
)
def test_windows_after_late_news_may_be_news_again(
    now: str, next_: str, latest: str, told: list[tuple[str, str]]
) -> None:
    news = changes([_verdict(now, 0)], _by_key(VIOLATED if now != VIOLATED else PASS), {}, revision=1)
    assert [one.verdict.verdict for one in news] == [now]
    later = [latest_by_key([_verdict(word, 10 * place)] if word else []) for place, word in ((1, next_), (2, latest))]
    again = turns(news, *later)
    assert [(one.before, one.verdict.verdict) for one in again] == told
    assert len({one.id for one in (*news, *again)}) == 1 + len(told)


class _Told:
    """What is told of windows that are judged as they are listed, each by a number and its verdict."""

    def __init__(self, awaiting: Iterable[Key]) -> None:
        self._awaiting = set(awaiting)
        self._stored: dict[int, WindowVerdict] = {}
        self._ids: set[str] = set()
        self.last = NONE
        """The word that was told last."""

    @property
    def latest(self) -> str:
        """The verdict on the latest window."""
        return self._stored[max(self._stored)].verdict

    def judge(self, window: int, word: str, revision: int) -> None:
        """One window, for the first time or again."""
        verdict = _verdict(word, 10 * window)
        before = latest_by_key(self._between(-1, window))
        after = self._between(window, 99)
        later = latest_by_key(reversed(after)), latest_by_key(after)
        stored = latest_by_key(self._between(window - 1, window + 1))
        news = changes([verdict], before, stored, revision)
        known = settled([verdict], before, stored, revision, self._awaiting)
        for change in (*news, *turns(news, *later)):
            self._put(change)
        for change, only in known:
            for one in (change, *turns([change], *later)):
                if only in self._ids:
                    self._put(one)
        self._stored[window] = verdict

    def _put(self, change: VerdictChange) -> None:
        if change.id not in self._ids:
            self._ids.add(change.id)
            self.last = change.verdict.verdict

    def _between(self, after: int, before: int) -> list[WindowVerdict]:
        return [self._stored[window] for window in sorted(self._stored) if after < window < before]


@pytest.mark.parametrize("awaits_labels", [False, True])
def test_who_is_told_knows_how_it_is_in_whatever_order_windows_are_judged(*, awaits_labels: bool) -> None:
    """Nobody takes for kept, or for broken, what is not; of labels that have come at last nobody need know."""
    awaiting = [key_of(_verdict(PASS))] if awaits_labels else []
    for steps in product(product(range(3), (PASS, VIOLATED, UNKNOWN)), repeat=4):
        told = _Told(awaiting)
        told.judge(0, PASS, 0)
        for revision, (window, word) in enumerate(steps, start=1):
            told.judge(window, word, revision)
            if told.latest == VIOLATED:
                assert told.last == VIOLATED or (awaits_labels and told.last == UNKNOWN), steps
            elif told.latest == PASS:
                assert told.last != VIOLATED, steps


def test_variants_and_segments_are_news_of_their_own() -> None:
    verdicts = [_verdict(VIOLATED), _verdict(VIOLATED, variant="canary"), _verdict(VIOLATED, segment="kind=a")]
    before = latest_by_key([_verdict(VIOLATED), _verdict(PASS, variant="canary")])
    news = changes(verdicts, before, {}, revision=1)
    assert [(key_of(one.verdict)[2:], one.before) for one in news] == [(("canary", ""), PASS), (("", "kind=a"), NONE)]


def test_the_latest_of_an_objective_is_the_last() -> None:
    (latest,) = latest_by_key([_verdict(PASS, 0), _verdict(VIOLATED, 10)]).values()
    assert latest.verdict == VIOLATED
