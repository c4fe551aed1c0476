"""Every change is told to every sink once, in order, whatever becomes of a sink, the store or the engine."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.events.base import GivenUpError, SinkName, UntoldError
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.stores.base import Event
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.changes import change, numbers, put_changes
from tests.support.records import NOW_NS
from tests.support.waiting import eventually

QUICK = Pace(first_s=0.01, longest_s=0.02, refused_s=0.02)
LOOK_S = 0.02


class Shelf(SqliteStore):
    """A store that fails as it is told, and from which another engine takes over what is untold."""

    failures = 0
    looks = 0
    is_of_another = False
    is_deaf = False
    said: list[str]

    async def untold(self, limit: int) -> list[Event]:
        self._fail()
        self.looks += 1
        return [] if self.is_of_another else await super().untold(limit)

    async def told(self, ids: Sequence[str]) -> None:
        self._fail()
        if self.is_deaf:
            raise sqlite3.OperationalError("database is locked")
        await super().told(ids)
        self.said += ids

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("disk full")


class Listener:
    """A sink that takes note of what it is told, and answers as it is told."""

    place = "a listener"

    def __init__(self, name: SinkName = "amqp", max_behind: int | None = None) -> None:
        self.name = name
        self._max_behind = max_behind
        self.heard: list[str] = []
        self.tries = 0
        self.answer: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    @property
    def max_behind(self) -> int | None:
        return self._max_behind

    async def tell(self, told: VerdictChange) -> None:
        self.tries += 1
        await self.gate.wait()
        if self.answer is not None:
            raise self.answer
        self.heard.append(told.id)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Shelf]:
    opened = await Shelf.open(tmp_path / "store", lambda: NOW_NS)
    assert isinstance(opened, Shelf)
    opened.said = []
    yield opened
    await opened.close()


StartTeller = Callable[..., Awaitable[Teller]]


@pytest.fixture
async def start(store: Shelf) -> AsyncIterator[StartTeller]:
    tellers: list[Teller] = []

    async def started(*sinks: Listener) -> Teller:
        teller = Teller(store, sinks, pace=QUICK, look_s=LOOK_S)
        teller.start()
        tellers.append(teller)
        return teller

    yield started
    store.failures = 0
    for teller in tellers:
        await teller.stop(0.0)


async def test_each_change_is_told_once_and_in_order(store: Shelf, start: StartTeller) -> None:
    first, second = Listener(), Listener("webhook")
    await put_changes(store, change(3), change(1))
    teller = await start(first, second)
    await put_changes(store, change(2))
    await eventually(lambda: len(store.said) == 3)
    await put_changes(store, change(4))
    await eventually(lambda: len(store.said) == 4)

    assert numbers(first.heard) == numbers(second.heard) == numbers(store.said) == [3, 1, 2, 4]
    assert await store.untold(9) == []
    assert teller.counters.events == {("told", "amqp"): 4, ("told", "webhook"): 4}


async def test_a_sink_that_fails_is_told_in_order_and_others_do_not_wait(
    store: Shelf, start: StartTeller, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = Listener(), Listener("webhook")
    broken.answer = UntoldError("it is away")
    await put_changes(store, change(1), change(2))
    teller = await start(broken, fine)
    await eventually(lambda: numbers(fine.heard) == [1, 2] and broken.tries > 3)
    assert store.said == []
    broken.answer = None
    await eventually(lambda: len(store.said) == 2)

    assert numbers(broken.heard) == [1, 2]
    assert fine.tries == 2
    assert [line.message for line in caplog.records if line.levelname == "WARNING"] == [
        "a listener: it is away; changes of verdicts wait, and are tried again"
    ]
    assert teller.counters.events["failed", "amqp"] == broken.tries - 2


async def test_what_can_never_be_told_is_given_up_with_one_line(
    store: Shelf, start: StartTeller, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener("webhook")
    listener.answer = GivenUpError("it answered 404")
    await put_changes(store, change(1))
    teller = await start(listener)
    await eventually(lambda: len(store.said) == 1)
    listener.answer = None
    await put_changes(store, change(2))
    await eventually(lambda: len(store.said) == 2)

    assert numbers(listener.heard) == [2]
    assert teller.counters.events == {("given_up", "webhook"): 1, ("told", "webhook"): 1}
    (line,) = caplog.records
    assert line.message == f"a listener is not told of change {1:032x} of a verdict: it answered 404"


async def test_a_fault_over_one_change_holds_up_no_other(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    listener.answer = ZeroDivisionError()
    await put_changes(store, change(1))
    await start(listener)
    await eventually(lambda: len(store.said) == 1)
    listener.answer = None
    await put_changes(store, change(2))
    await eventually(lambda: numbers(listener.heard) == [2])


async def test_of_what_waits_too_long_for_a_webhook_the_oldest_is_given_up(store: Shelf, start: StartTeller) -> None:
    hook, broker = Listener("webhook", max_behind=3), Listener()
    hook.gate.clear()
    await put_changes(store, *map(change, range(1, 9)))
    teller = await start(broker, hook)
    await eventually(lambda: len(broker.heard) == 8)
    await eventually(lambda: len(store.said) == 5)
    hook.gate.set()
    await eventually(lambda: len(store.said) == 8)

    assert numbers(hook.heard) == [6, 7, 8]
    assert teller.counters.events["given_up", "webhook"] == 5


async def test_silenced_changes_are_not_told(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    await put_changes(store, change(1, silenced=True), change(2))
    await start(listener)
    await eventually(lambda: len(store.said) == 2)

    assert numbers(listener.heard) == [2]


async def test_without_sinks_everything_has_been_told(store: Shelf, start: StartTeller) -> None:
    await start()
    await put_changes(store, change(1))
    await eventually(lambda: len(store.said) == 1)


async def test_an_engine_that_ends_before_it_says_so_tells_again_with_the_same_id(
    store: Shelf, start: StartTeller
) -> None:
    listener = Listener()
    store.is_deaf = True
    await put_changes(store, change(1))
    killed = await start(listener)
    await eventually(lambda: len(listener.heard) == 1)
    for task in killed._tasks:
        task.cancel()
    store.is_deaf = False
    await start(listener)
    await eventually(lambda: len(store.said) == 1)

    assert numbers(listener.heard) == [1, 1]


async def test_stop_ends_though_the_store_fails(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    teller = await start(listener)
    store.failures = 10**9
    await teller.stop(5.0)

    assert listener.closed


async def test_a_store_that_fails_is_asked_again(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    await put_changes(store, change(1))
    store.failures = 3
    await start(listener)
    await eventually(lambda: len(store.said) == 1)
    await put_changes(store, change(2))
    await eventually(lambda: len(listener.heard) == 2)
    await eventually(lambda: len(store.said) == 2)

    assert numbers(listener.heard) == [1, 2]


async def test_what_another_engine_has_taken_over_is_left_to_it(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    listener.answer = UntoldError("away")
    await put_changes(store, change(1), change(2))
    teller = await start(listener)
    await eventually(lambda: listener.tries > 1)
    store.is_of_another = True
    await eventually(lambda: not teller._left)
    tries, looks = listener.tries, store.looks
    await eventually(lambda: store.looks > looks + 10)
    assert listener.tries <= tries + 1  # the one that was under way
    listener.answer = None
    await put_changes(store, change(3))
    store.is_of_another = False
    await eventually(lambda: len(store.said) == 3)

    assert numbers(listener.heard) == [1, 2, 3]


async def test_stop_tells_what_there_is_and_closes(store: Shelf, start: StartTeller) -> None:
    listener = Listener()
    teller = await start(listener)
    await put_changes(store, change(1), change(2))
    await teller.stop(5.0)

    assert numbers(store.said) == [1, 2]
    assert listener.closed


async def test_stop_does_not_wait_for_a_sink_that_fails_and_loses_nothing(store: Shelf, start: StartTeller) -> None:
    broken, fine = Listener(), Listener("webhook")
    broken.answer = UntoldError("away")
    teller = await start(broken, fine)
    await put_changes(store, change(1))
    async with asyncio.timeout(5.0):
        await teller.stop(60.0)

    assert (numbers(fine.heard), store.said) == ([1], [])
    assert len(await store.untold(9)) == 1


async def test_stop_waits_no_longer_than_it_may(store: Shelf, start: StartTeller) -> None:
    hanging = Listener()
    hanging.gate.clear()
    teller = await start(hanging)
    await put_changes(store, change(1))
    async with asyncio.timeout(5.0):
        await teller.stop(0.1)

    assert store.said == []
    assert hanging.closed
