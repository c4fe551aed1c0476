"""Invariant 6: a cancelled or expired request never reaches the model, and its neighbours do not notice.

There is one executor thread, and a graph that loops for hours holds it until its own call is cancelled: what is queued
behind it stays queued exactly as long as a test wants.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
import pytest

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common.errors import HallmarkError
from hallmark_inference.repository import Repository
from hallmark_inference.runner import Runner
from tests.support.waiting import eventually, until

Build = Callable[..., oip.ModelInferRequest]
FOREVER = np.array(2**60)


@pytest.fixture
def endless(raw_request: Build) -> Callable[..., oip.ModelInferRequest]:
    """A request that adds 1 to ``x`` so many times."""

    def build(rounds: Any = FOREVER, x: float = 0) -> oip.ModelInferRequest:
        return raw_request("endless", rounds=np.array(rounds, np.int64), x=np.array(x, np.float32))

    return build


@pytest.fixture
def blocked(serve: Any, endless: Any) -> Any:
    """A service whose only executor thread is taken, and the call that has it."""

    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[tuple[Any, Any]]:
        async with serve(threads=1, **options) as served:
            blocker = served.infer(endless())
            await eventually(lambda: served.runner.runs == 1)
            yield served, blocker
            blocker.cancel()

    return run


def scalar(response: oip.ModelInferResponse) -> float:
    return float(np.frombuffer(response.raw_output_contents[0], np.float32)[0])


async def test_the_graph_that_blocks_is_right_when_it_ends(serve: Any, endless: Any) -> None:
    async with serve(threads=1) as served:
        assert scalar(await served.infer(endless(1000, 5))) == 1005


async def test_cancelled_in_the_queue(blocked: Any, endless: Any) -> None:
    async with blocked() as (served, blocker):
        calls = [served.infer(endless(3, x)) for x in range(12)]
        await eventually(lambda: served.runner.waiting == 12)
        for call in calls[::3]:
            call.cancel()
        await eventually(lambda: served.runner.waiting == 8)
        blocker.cancel()
        answers = await asyncio.gather(*(call for index, call in enumerate(calls) if index % 3))
        assert [scalar(answer) for answer in answers] == [x + 3 for x in range(12) if x % 3]
        assert served.runner.runs == 1 + 8
        for call in calls[::3]:
            assert await call.code() is grpc.StatusCode.CANCELLED


async def test_expired_in_the_queue(blocked: Any, endless: Any, failure_of: Any) -> None:
    async with blocked() as (served, blocker):
        short = [served.infer(endless(3, 0), timeout=0.3) for _ in range(3)]
        long = [served.infer(endless(3, x), timeout=60) for x in range(3)]
        for call in short:
            assert (await failure_of(call)).code is grpc.StatusCode.DEADLINE_EXCEEDED
        await eventually(lambda: served.runner.waiting == 3)
        blocker.cancel()
        assert [scalar(answer) for answer in await asyncio.gather(*long)] == [3, 4, 5]
        assert served.runner.runs == 1 + 3


async def test_expired_while_the_event_loop_was_too_busy_to_say_so(repository: Repository, endless: Any) -> None:
    """The executor thread looks at the deadline itself."""
    model = repository.find("endless", "")
    runner = Runner(threads=1, queue_size=8)
    late = asyncio.ensure_future(runner.infer(model, endless(3, 0), ("y",), 0.01))
    neighbour = asyncio.ensure_future(runner.infer(model, endless(3, 1), ("y",), None))
    await asyncio.sleep(0)
    assert runner.waiting == 2
    expired_at = time.monotonic() + 0.02
    _hold_the_event_loop(lambda: time.monotonic() > expired_at)
    with runner:
        _hold_the_event_loop(lambda: runner.waiting == 0 and runner.runs > 0)
        with pytest.raises(HallmarkError, match="deadline passed"):
            await late
        assert scalar((await neighbour).response) == 4
        assert runner.runs == 1


def _hold_the_event_loop(condition: Callable[[], bool]) -> None:
    until(condition, timeout_s=20)


async def test_a_run_whose_caller_gave_up_ends(blocked: Any, endless: Any) -> None:
    async with blocked() as (served, blocker):
        blocker.cancel()
        assert scalar(await served.infer(endless(1), timeout=20)) == 1


async def test_a_full_queue(blocked: Any, endless: Any, failure_of: Any) -> None:
    async with blocked(queue_size=2) as (served, blocker):
        waiting = [served.infer(endless(1, x)) for x in range(2)]
        await eventually(lambda: served.runner.waiting == 2)
        failure = await failure_of(served.infer(endless(1)))
        assert (failure.code.name, failure.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
        waiting[0].cancel()
        await eventually(lambda: served.runner.waiting == 1)
        third = served.infer(endless(1, 2))  # one that gave up has made room
        await eventually(lambda: served.runner.waiting == 2)
        blocker.cancel()
        assert [scalar(await waiting[1]), scalar(await third)] == [2, 3]


async def test_first_come_first_served(blocked: Any, endless: Any) -> None:
    async with blocked() as (served, blocker):
        ended: list[int] = []
        for index in range(6):
            call = served.infer(endless(1))
            call.add_done_callback(lambda _, index=index: ended.append(index))
            await eventually(lambda index=index: served.runner.waiting == index + 1)
        blocker.cancel()
        await eventually(lambda: len(ended) == 6)
        assert ended == sorted(ended)


async def test_bad_input_does_not_disturb_its_neighbours(blocked: Any, endless: Any, failure_of: Any) -> None:
    async with blocked() as (served, blocker):
        good = [served.infer(endless(1, x)) for x in range(3)]
        bad = [served.infer(endless(np.zeros((2, 2)))) for _ in range(3)]
        more = [served.infer(endless(1, x)) for x in range(3, 6)]
        await eventually(lambda: served.runner.waiting == 9)
        blocker.cancel()
        assert [scalar(answer) for answer in await asyncio.gather(*good, *more)] == [1, 2, 3, 4, 5, 6]
        for call in bad:
            assert (await failure_of(call)).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_closing_ends_what_runs_and_fails_what_waits(repository: Repository, endless: Any) -> None:
    model = repository.find("endless", "")
    runner = Runner(threads=1, queue_size=8).start()
    calls = [asyncio.ensure_future(runner.infer(model, endless(), ("y",), None)) for _ in range(3)]
    await eventually(lambda: runner.runs == 1 and runner.waiting == 2)
    runner.close()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert getattr(outcome, "reason", outcome) == "SHUTTING_DOWN"
    with pytest.raises(HallmarkError, match="shutting down"):
        await runner.infer(model, endless(1), ("y",), None)
    assert runner.runs == 1
