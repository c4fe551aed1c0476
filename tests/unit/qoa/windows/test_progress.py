"""When a window is over, and who may have something of it."""

import asyncio

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.progress import (
    AWAITED_NS,
    BEAT_NS,
    CAUGHT_UP_NS,
    FORGOTTEN_NS,
    SILENT_NS,
    Beat,
    Beats,
    Progress,
)

S = 10**9
END_NS = 1_790_000_050 * S
LATENESS_NS = 10 * S
QUIET_NS = 20 * S


def _due(changed_ns: int = END_NS, start_ns: int = END_NS - 10 * S) -> Due:
    return Due("fold", 10, "m", "acme", start_ns, 1, changed_ns)


def _progress(now_ns: int = END_NS + 1000 * S, **others: Beat) -> Progress:
    return Progress(now_ns, LATENESS_NS, QUIET_NS, others)


@pytest.mark.parametrize(
    ("latest_s", "now_s", "changed_s", "is_over"),
    [
        (10, 10, 9, True),  # an event so late that nothing else of the window comes
        (9, 10, 9, False),
        (None, 10, 9, False),
        (0, 19, 0, False),  # quiet, but not long enough
        (0, 20, 0, True),
        (None, 20, 0, True),
        (0, 29, 10, False),  # something came for it
        (0, 30, 10, True),
        (0, 9, -100, False),  # quiet, and by the clock not over
        (0, 10, -100, True),
        (10**6, 9, 9, False),  # an event from the future moves nothing on
        (10**6, 10, 10, True),
    ],
)
def test_when_a_window_is_over(latest_s: int | None, now_s: int, changed_s: int, is_over: bool) -> None:
    """All in seconds after its end."""
    latest_ns = None if latest_s is None else END_NS + latest_s * S
    assert _progress(END_NS + now_s * S).is_over(_due(END_NS + changed_s * S), latest_ns) == is_over


@pytest.mark.parametrize("end_ns", [-5000 * S, 0, 10 * S, 86_400 * S])
def test_windows_of_any_past_are_over(end_ns: int) -> None:
    """History that is replayed: its own events tell, and the clock has long passed."""
    now_ns = END_NS
    due = _due(now_ns, end_ns - 10 * S)
    assert not _progress(now_ns).is_over(due, end_ns + LATENESS_NS - 1)
    assert _progress(now_ns).is_over(due, end_ns + LATENESS_NS)
    assert _progress(now_ns + QUIET_NS).is_over(due, end_ns)


def test_a_window_in_the_future_waits_for_the_clock() -> None:
    due = _due(END_NS, 2**63 // 10**10 * 10**10 - 20 * S)
    assert not _progress(END_NS).is_over(due, 2**63 - 1)
    assert _progress(2**63 - 1).is_over(due, 2**63 - 1)


NOW_NS = END_NS + 100 * S


@pytest.mark.parametrize(
    ("seen_s", "latest_ns", "changed_s", "awaited", "behind"),
    [
        (1, END_NS, 1, False, False),  # it is there
        (1, END_NS - 1, 1, True, True),  # it lives and is not
        (1, END_NS - 1, AWAITED_NS // S, False, True),  # it does not get there
        (1, CAUGHT_UP_NS, 1, False, False),
        (SILENT_NS // S, END_NS, 1, False, False),
        (SILENT_NS // S, END_NS - 1, 1, False, True),
        (SILENT_NS // S, CAUGHT_UP_NS, SILENT_NS // S, False, False),  # nothing has changed since it was
        (SILENT_NS // S, CAUGHT_UP_NS, 1, False, True),  # what it would have of that is not read
        (FORGOTTEN_NS // S, END_NS - 1, 1, False, False),
        (FORGOTTEN_NS // S, CAUGHT_UP_NS, 1, False, False),
        (101, 2**61, 1, False, True),  # an event from the future does not hide that it has fallen silent before the end
    ],
)
def test_another_engine(seen_s: int, latest_ns: int, changed_s: int, awaited: bool, behind: bool) -> None:
    """Seen and changed are so many seconds ago."""
    progress = _progress(NOW_NS, other=Beat(NOW_NS - seen_s * S, latest_ns))
    due = _due(NOW_NS - changed_s * S)
    assert progress.is_over(due, END_NS + LATENESS_NS) != awaited
    assert progress.behind(due) == (("other",) if behind else ())


class Heard:
    """A store of which only the beats matter."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int]] = []

    async def heartbeat(self, now_ns: int, latest_event_ns: int) -> dict[str, tuple[int, int]]:
        self.said.append((now_ns, latest_event_ns))
        return {"qoa": (now_ns, latest_event_ns), "other": (7, 8)}


def test_an_engine_says_how_far_it_is_and_hears_the_others() -> None:
    heard, now_ns = Heard(), [END_NS]
    beats = Beats(heard, Settings(), lambda: 5, lambda: now_ns[0])  # type: ignore[arg-type]  # it needs no more of one

    async def twice_and_later() -> list[Progress]:
        found = [await beats.progress(), await beats.progress()]
        now_ns[0] += BEAT_NS
        return [*found, await beats.progress()]

    progress = asyncio.run(twice_and_later())
    assert heard.said == [(END_NS, 5), (END_NS + BEAT_NS, 5)]
    assert [dict(one.others) for one in progress] == [{"other": Beat(7, 8)}] * 3
