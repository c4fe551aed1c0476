"""Shares of CPU time: by hand, as a law, and of a real process."""

import math
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_common.cost import CpuShares

MS = 1_000_000


@dataclass
class Cpu:
    """A process whose CPU time a test decides."""

    ns: int = 0

    def __call__(self) -> int:
        return self.ns


def test_two_that_overlap_by_hand() -> None:
    cpu = Cpu(5 * MS)
    shares = CpuShares(cpu)
    first = shares.begin()
    cpu.ns += 10 * MS
    second = shares.begin()
    cpu.ns += 20 * MS
    assert shares.end(first) == pytest.approx(10 + 20 / 2)
    cpu.ns += 7 * MS
    assert shares.end(second) == pytest.approx(20 / 2 + 7)


def test_what_the_process_does_for_nobody_is_no_request_s() -> None:
    cpu = Cpu()
    shares = CpuShares(cpu)
    for _ in range(2):
        cpu.ns += 1000 * MS
        begun = shares.begin()
        cpu.ns += MS
        assert shares.end(begun) == pytest.approx(1)


def test_a_batch_is_shared_by_those_who_are_in_it() -> None:
    cpu = Cpu()
    shares = CpuShares(cpu)
    begun = [shares.begin() for _ in range(8)]
    cpu.ns += 40 * MS
    assert [shares.end(one) for one in begun] == pytest.approx([5.0] * 8)


STEPS = st.lists(st.tuples(st.sampled_from(["begin", "end"]), st.integers(0, 10**12), st.integers(0, 100)), max_size=60)


@given(steps=STEPS)
def test_the_shares_sum_up_to_the_cpu_time_while_any_was_under_way(steps: list[tuple[str, int, int]]) -> None:
    cpu = Cpu(17)
    shares = CpuShares(cpu)
    running: list[float] = []
    used_ns, costs = 0, []
    for what, passed_ns, which in steps:
        used_ns += passed_ns if running else 0
        cpu.ns += passed_ns
        if what == "begin":
            running.append(shares.begin())
        elif running:
            costs.append(shares.end(running.pop(which % len(running))))
        assert shares.under_way == len(running)
    costs += [shares.end(begun) for begun in running]
    assert all(cost >= 0 for cost in costs)
    assert math.fsum(costs) == pytest.approx(used_ns / 1e6, abs=1e-5)


def test_the_process_itself_is_measured_by_default() -> None:
    shares = CpuShares()
    before_ns = time.process_time_ns()
    begun = shares.begin()
    inner_ns = time.process_time_ns()
    while time.process_time_ns() < inner_ns + MS:
        pass
    after_ns = time.process_time_ns()
    cost_ms = shares.end(begun)
    assert (after_ns - inner_ns) / 1e6 <= cost_ms <= (time.process_time_ns() - before_ns) / 1e6
