"""Which days get a partition, and how a query is cut so that it does not touch all of them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.stores.postgres.days import (
    DAYS_PER_WINDOW,
    FIRST_DAY,
    MAX_DAYS,
    NEW_DAYS_PER_BATCH,
    windows,
    worth_a_partition,
)
from hallmark_qoa.stores.rows import DAY_NS

TODAY = 20_700
NS = st.integers(0, 2**63 - 1)


@given(days=st.sets(st.integers(0, 30_000), max_size=60), low_ns=NS, high_ns=NS)
def test_windows_cover_a_range_once_and_newest_first(days: set[int], low_ns: int, high_ns: int) -> None:
    found = windows(days, low_ns, high_ns)
    if low_ns > high_ns:
        assert found == []
        return
    assert found[0][1] == high_ns
    assert found[-1][0] == low_ns
    for newer, older in pairwise(found):
        assert older[1] == newer[0] - 1
    for low, high in found:
        assert low <= high
        assert sum(low <= day * DAY_NS <= high for day in days) <= DAYS_PER_WINDOW


def test_days_of_clocks_that_are_wrong_get_no_partition() -> None:
    days = [0, FIRST_DAY - 1, FIRST_DAY, TODAY, TODAY + 1, TODAY + 2, 10**6]
    assert worth_a_partition(days, (), TODAY) == [TODAY + 1, TODAY, FIRST_DAY]


def test_newest_of_many_new_days_come_first() -> None:
    days = range(TODAY - 99, TODAY + 1)
    assert worth_a_partition(days, (TODAY,), TODAY) == list(range(TODAY - 1, TODAY - 1 - NEW_DAYS_PER_BATCH, -1))


def test_number_of_partitions_is_bounded() -> None:
    known = set(range(TODAY - MAX_DAYS, TODAY - 1))
    assert len(known) == MAX_DAYS - 1
    assert worth_a_partition([TODAY - 1, TODAY], known, TODAY) == [TODAY]
    assert worth_a_partition([TODAY - 1], known | {TODAY}, TODAY) == []
