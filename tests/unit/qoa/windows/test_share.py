"""Which engine keeps which series."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.progress import CAUGHT_UP_NS, SILENT_NS, Beat, Progress
from hallmark_qoa.windows.share import Share

NAMES = [f"qoa-{number}" for number in range(5)]
NOW_NS = 10**18


def _due(number: int, size_s: int = 10) -> Due:
    return Due("fold", size_s, f"m{number % 7}", f"c{number // 7}", 0, 1, 0)


def _shares(living: list[str]) -> dict[str, Share]:
    return {name: Share(name, [other for other in living if other != name]) for name in living}


def _keeper(number: int, shares: dict[str, Share]) -> str:
    (keeper,) = (name for name, share in shares.items() if _due(number) in share)
    return keeper


def test_an_engine_alone_keeps_everything() -> None:
    assert all(_due(number) in Share("qoa", []) for number in range(50))


def test_each_series_has_one_keeper_and_each_engine_about_as_many() -> None:
    shares = _shares(NAMES)
    found = Counter(_keeper(number, shares) for number in range(1000))
    assert all(150 < found[name] < 250 for name in NAMES)


def test_windows_of_all_sizes_go_together() -> None:
    share = Share("qoa-0", NAMES[1:])
    assert all((_due(number, 10) in share) == (_due(number, 86_400) in share) for number in range(50))


def test_where_one_dies_only_its_series_go_to_others() -> None:
    before, after = _shares(NAMES), _shares(NAMES[1:])
    for number in range(200):
        keeper = _keeper(number, before)
        assert keeper == NAMES[0] or keeper == _keeper(number, after)


@given(st.lists(st.sets(st.sampled_from(NAMES)), min_size=5, max_size=5), st.sets(st.sampled_from(NAMES), min_size=1))
def test_no_series_is_left_out_however_engines_differ_on_who_lives(seen: list[set[str]], living: set[str]) -> None:
    """Each sees at least itself, and whoever lives is seen by all or taken for dead by some."""
    shares = [Share(name, (seen[NAMES.index(name)] & living) - {name}) for name in living]
    assert all(any(_due(number) in share for share in shares) for number in range(20))


def test_who_has_fallen_silent_has_no_share() -> None:
    silent = Progress(NOW_NS, 0, 0, {"b": Beat(NOW_NS - SILENT_NS, CAUGHT_UP_NS)}, "a").share()
    living = Progress(NOW_NS, 0, 0, {"b": Beat(NOW_NS - SILENT_NS + 1, CAUGHT_UP_NS)}, "a").share()
    assert all(_due(number) in silent for number in range(50))
    assert not all(_due(number) in living for number in range(50))
