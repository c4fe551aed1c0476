"""What a request costs: its share of the CPU time of the process that works on it.

A process works on many requests at once, in an event loop, in executor threads and in batches, so no clock of a thread
tells what one of them used. Instead, at any moment the CPU time that passes belongs in equal parts to the requests that
are under way: generalized processor sharing (Parekh & Gallager 1993, IEEE/ACM Trans. Netw. 1(3), section II), kept as a
virtual time that advances by CPU time divided by requests under way. A request costs what the virtual time advances
from its begin to its end. So the costs of all requests sum up to the CPU time of the process while any was under way,
whatever they did meanwhile, and a request that only waits pays as much as one that computes beside it.
"""

import time
from collections.abc import Callable


class CpuShares:
    """The virtual time of one process; to be used from one thread.

    ``cpu_ns`` tells the CPU time of the process in nanoseconds.
    """

    __slots__ = ("_cpu_ns", "_seen_ns", "_under_way", "_virtual_ns")

    def __init__(self, cpu_ns: Callable[[], int] = time.process_time_ns) -> None:
        self._cpu_ns = cpu_ns
        self._seen_ns = 0
        self._under_way = 0
        self._virtual_ns = 0.0

    @property
    def under_way(self) -> int:
        """Requests that have begun and not ended."""
        return self._under_way

    def begin(self) -> float:
        """A request begins; the moment, to be given to :meth:`end`."""
        self._advance()
        self._under_way += 1
        return self._virtual_ns

    def end(self, begun_ns: float) -> float:
        """A request ends, however that may be; its share in milliseconds."""
        self._advance()
        self._under_way -= 1
        return (self._virtual_ns - begun_ns) / 1e6

    def _advance(self) -> None:
        now_ns = self._cpu_ns()
        if self._under_way:
            self._virtual_ns += (now_ns - self._seen_ns) / self._under_way
        self._seen_ns = now_ns
