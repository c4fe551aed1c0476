"""What waits to be judged: how many windows, and for how long they have been over by the clock."""

from pathlib import Path

import pytest

from hallmark_qoa.judge import backlog as module
from hallmark_qoa.judge.backlog import Backlog, Patience, backlog, read_marks
from hallmark_qoa.stores.base import Due
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.records import NOW_NS, put, stage

S = 10**9
PATIENCE = Patience(lateness_ns=10 * S, quiet_ns=20 * S)
NOW = 1000 * S


def due(start_s: int, changed_s: int) -> Due:
    """A window of ten seconds that is to be judged."""
    return Due("judge", 10, "m", "c", start_s * S, 1, changed_s * S)


def lag_s(*dues: Due) -> float:
    """Of marks, now."""
    return backlog(dues, PATIENCE, NOW).lag_ns / S


def test_without_marks_nothing_lags() -> None:
    assert backlog([], PATIENCE, NOW) == Backlog(0, 0)


def test_a_window_that_is_not_over_waits_and_does_not_lag() -> None:
    assert backlog([due(995, 999)], PATIENCE, NOW) == Backlog(1, 0)
    assert lag_s(due(985, 900)) == 0  # ended at 995, and 10 s are granted
    assert lag_s(due(0, 990)) == 0  # of long ago, and something came for it a moment ago


def test_the_window_that_waits_longest_is_told() -> None:
    assert lag_s(due(900, 905), due(700, 705), due(995, 999)) == 1000 - 725
    assert lag_s(due(900, 600)) == 1000 - 920  # the end counts where it came last


async def test_marks_are_read_page_by_page_and_not_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await SqliteStore.open(tmp_path / "qoa.sqlite3", lambda: NOW_NS)
    await put(store, *(stage(number, NOW_NS + number * 10 * S) for number in range(1, 8)))
    monkeypatch.setattr(module, "AT_ONCE", 2)

    every = await read_marks(store)
    monkeypatch.setattr(module, "MOST", 3)
    some = await read_marks(store)
    await store.close()

    assert every == sorted(set(every), key=lambda one: one.start_ns)
    assert (len(every), len(some)) == (7, 4)
