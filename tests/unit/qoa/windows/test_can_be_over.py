"""What is not looked up because the clock does not let a window be over is really not over."""

from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.progress import CAUGHT_UP_NS, Progress

TIMES = st.integers(-10, 60)
LATEST = st.one_of(st.none(), TIMES, st.just(CAUGHT_UP_NS))
S = 10**9


@given(now_s=TIMES, lateness_s=st.integers(0, 30), changed_s=TIMES, latest=LATEST)
def test_no_event_makes_it_over(now_s: int, lateness_s: int, changed_s: int, latest: int | None) -> None:
    progress = Progress(now_s * S, lateness_s * S, 20 * S, {})
    due = Due("fold", 10, "m", "c", 0, 1, changed_s * S)
    latest_ns = latest * S if latest not in (None, CAUGHT_UP_NS) else latest
    assert progress.can_be_over(due) or not progress.is_over(due, latest_ns)


def test_it_can_be_over_as_soon_as_it_is() -> None:
    due = Due("fold", 10, "m", "c", 0, 1, 0)
    before, after = (Progress(now_ns, 5 * S, 20 * S, {}) for now_ns in (15 * S - 1, 15 * S))
    assert not before.can_be_over(due)
    assert after.can_be_over(due)
    assert after.is_over(due, 15 * S)
