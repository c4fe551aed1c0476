"""Runs requests: one queue, and a fixed number of executor threads that take from it.

How much one thread takes at a time is decided in :meth:`Runner._work` alone. It is one request; a batcher takes what
is ready there and gives each job its share of the outcome.
"""

import asyncio
import logging
import threading
import time
from typing import Self

from hallmark.oip.v2.open_inference_pb2 import ModelInferRequest
from hallmark_common.errors import HallmarkError
from hallmark_inference.jobs import Job, JobQueue, Result, expired
from hallmark_inference.messages import batch_size, decode_inputs, encode_outputs
from hallmark_inference.repository import Model
from hallmark_inference.timing import Timing

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0
"""How long :meth:`Runner.close` waits for runs to notice that they are to end."""


class Runner:
    """Executor threads and the queue before them, from :meth:`start` to :meth:`close` or as a context."""

    def __init__(self, *, threads: int, queue_size: int) -> None:
        self._queue = JobQueue(queue_size)
        self._lock = threading.Lock()
        self._runs = 0
        self._threads = [
            # Daemons, so that an operator that never returns cannot keep the process from ending.
            threading.Thread(target=self._work, name=f"executor-{index}", daemon=True)
            for index in range(threads)
        ]

    @property
    def runs(self) -> int:
        """How often a request has reached ONNX Runtime."""
        return self._runs

    @property
    def waiting(self) -> int:
        """How many requests wait for an executor thread."""
        return len(self._queue)

    async def infer(
        self, model: Model, request: ModelInferRequest, outputs: tuple[str, ...], timeout_s: float | None
    ) -> Result:
        """Run a request, in its turn.

        Cancelled, or expired after ``timeout_s``, it does not reach the model if it has not yet, and otherwise its run
        is ended early. A :class:`HallmarkError`: INVALID_ARGUMENT for what is wrong with the inputs,
        RESOURCE_EXHAUSTED for a full queue, DEADLINE_EXCEEDED, UNAVAILABLE once closed.
        """
        if timeout_s is not None and timeout_s <= 0:
            raise expired()
        job = Job(model, request, outputs, timeout_s)
        self._queue.put(job)
        try:
            async with asyncio.timeout(timeout_s):
                return await job.result
        except TimeoutError:
            raise expired() from None
        finally:
            self._queue.discard(job)

    def start(self) -> Self:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """End the threads, within CLOSE_TIMEOUT_S; what still waits or runs fails."""
        self._queue.close()
        until = time.monotonic() + CLOSE_TIMEOUT_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self._threads)
        if stuck:
            logger.warning("%d executor threads are inside an operator that does not return; leaving them", stuck)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while (job := self._queue.take()) is not None:
            try:
                job.succeed(self._run_one(job))
            except BaseException as error:  # whatever it is belongs to this request; the thread goes on
                job.fail(error)
            finally:
                self._queue.release(job)

    def _run_one(self, job: Job) -> Result:
        begun_ns = job.now_ns()
        feeds = decode_inputs(job.request, job.model.graph)
        size = batch_size(job.model.graph, feeds)
        fed_ns = job.now_ns()
        job.check_wanted()
        with self._lock:
            self._runs += 1
        try:
            arrays = job.model.run(feeds, job.outputs, job.options)
        except HallmarkError:
            job.check_wanted()  # a run that was ended early looks as if the model had refused its inputs
            raise
        computed_ns = job.now_ns()
        response = encode_outputs(job.request, job.model.graph, job.outputs, arrays)
        return Result(response, Timing(job.queued_ns, begun_ns, fed_ns, computed_ns, job.now_ns()), size)
