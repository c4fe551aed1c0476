"""Processor time of processes: an engine has its policy asked in a process of its own."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """Of the first thread of each so far, in seconds: to the nanosecond, where other sources tell hundredths.

    That is all of it where a process has one thread, as that of the policy has.
    """
    return sum(int(Path(f"/proc/{one.pid}/schedstat").read_text().split()[0]) for one in processes) / 1e9


def children(*, but: int = 0) -> list[psutil.Process]:
    """The processes that this one has started, without one of them."""
    return [one for one in psutil.Process().children() if one.pid != but]


def of_all(process: psutil.Process) -> tuple[float, float]:
    """Processor time in seconds, and resident memory in MiB, of a process and those that it has started."""
    user, system, ended_user, ended_system, *_ = process.cpu_times()
    used_s, memory = user + system + ended_user + ended_system, process.memory_info().rss
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended just now
            used_s += sum(one.cpu_times()[:2])
            memory += one.memory_info().rss
    return used_s, memory / 2**20
