"""Requests that wait for an executor thread, and those that have one."""

import asyncio
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import grpc
from onnxruntime import RunOptions

from hallmark.oip.v2.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from hallmark_common.errors import HallmarkError
from hallmark_inference.repository import Model
from hallmark_inference.timing import Timing


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run."""

    response: ModelInferResponse
    timing: Timing
    batch_size: int


class Job:
    """One request, from the event loop to an executor thread and back."""

    def __init__(
        self, model: Model, request: ModelInferRequest, outputs: tuple[str, ...], timeout_s: float | None
    ) -> None:
        self.model = model
        self.request = request
        self.outputs = outputs
        self.options = RunOptions()
        self._loop = asyncio.get_running_loop()
        self.result: asyncio.Future[Result] = self._loop.create_future()
        started = time.monotonic_ns()
        self._epoch_ns = time.time_ns() - started
        self._deadline_ns = None if timeout_s is None else started + int(timeout_s * 1e9)
        self.queued_ns = self.now_ns()

    def now_ns(self) -> int:
        """Now, in ns since 1970; never goes back within a job."""
        return self._epoch_ns + time.monotonic_ns()

    def abandon(self) -> None:
        """Nobody waits for it any more: keep it from the model, or end its run at the next operator."""
        self.options.terminate = True

    def check_wanted(self) -> None:
        """A :class:`HallmarkError` if nobody waits for it any more or its deadline has passed."""
        if self._deadline_ns is not None and time.monotonic_ns() >= self._deadline_ns:
            raise expired()
        if self.options.terminate:
            # A caller that gave up hears nothing any more; one that still listens was cut off by JobQueue.close.
            raise shutting_down()

    def succeed(self, result: Result) -> None:
        """Hand over the result; from any thread."""
        self._settle(result, None)

    def fail(self, error: BaseException) -> None:
        """Hand over a failure; from any thread."""
        self._settle(None, error)

    def _settle(self, result: Result | None, error: BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, self.result, result, error)
        except RuntimeError:  # the loop is closed, so nobody waits
            self.abandon()


def expired() -> HallmarkError:
    """DEADLINE_EXCEEDED, for a request that had to wait too long."""
    return HallmarkError(
        grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the deadline passed before the model had answered"
    )


def _settle(future: asyncio.Future[Result], result: Result | None, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    elif result is not None:
        future.set_result(result)


class JobQueue:
    """First in, first out, with room for ``capacity`` waiting jobs; a job that gives up makes room at once."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[Job, None] = OrderedDict()
        self._running: set[Job] = set()
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, job: Job) -> None:
        """Add a job; RESOURCE_EXHAUSTED if there is no room, UNAVAILABLE once closed."""
        with self._changed:
            if self._closed:
                raise shutting_down()
            if len(self._waiting) >= self._capacity:
                raise HallmarkError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "QUEUE_FULL",
                    f"{self._capacity} requests are waiting for the model already; try again later",
                )
            self._waiting[job] = None
            self._changed.notify()

    def take(self) -> Job | None:
        """Wait for the oldest job; None once closed. :meth:`release` it when it is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            job, _ = self._waiting.popitem(last=False)
            self._running.add(job)
            return job

    def release(self, job: Job) -> None:
        """A job that was taken is done."""
        with self._changed:
            self._running.discard(job)

    def discard(self, job: Job) -> None:
        """Nobody waits for a job any more: if no thread has it yet, none ever will."""
        with self._changed:
            self._waiting.pop(job, None)
            job.abandon()

    def close(self) -> None:
        """Take no more; what waits fails, what runs is ended at its next operator."""
        with self._changed:
            self._closed = True
            for job in self._waiting:
                job.fail(shutting_down())
            self._waiting.clear()
            for job in self._running:
                job.abandon()
            self._changed.notify_all()


def shutting_down() -> HallmarkError:
    """UNAVAILABLE, for a request that comes too late."""
    return HallmarkError(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN", "the service is shutting down")
