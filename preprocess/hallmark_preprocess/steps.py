"""The measured parts of the stage: each is a span, and a step of the summary that the caller gets."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hallmark.qoa.v1 import quality_pb2
from hallmark_common.steps import step


class Steps:
    """Measures the steps of one request; times are in milliseconds since the object was made."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started_s = clock()
        self.done: list[quality_pb2.Step] = []

    def elapsed_ms(self) -> float:
        """Time since the request came."""
        return (self._clock() - self._started_s) * 1000

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """A span of this name; a step once it went well."""
        start_ms = self.elapsed_ms()
        with step(name):
            yield
        self.done.append(quality_pb2.Step(name=name, start_ms=start_ms, duration_ms=self.elapsed_ms() - start_ms))
