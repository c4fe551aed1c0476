"""Several engines on one PostgreSQL: whatever they do at once, no change is missing from the windows.

Each test holds one engine inside its transaction, by a lock of the test's own, while another one goes on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

import psycopg
import pytest

from hallmark_qoa.facts import SpanFacts
from hallmark_qoa.stores.base import Event, Filter, Spent, TruthTold, Windows
from hallmark_qoa.stores.marks import HORIZON_NS, WindowRules
from hallmark_qoa.stores.postgres.events import EVENTS_LOCK
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from tests.support.postgres import PASSWORD
from tests.support.records import DAY_NS, NOW_NS, prediction, put, stage
from tests.support.waiting import eventually
from tests.support.windows import S, dues, fold, fold_of, keep, kept, starts, verdict_of

T = TypeVar("T")
T0 = NOW_NS // S

Connection = psycopg.Connection[Any]
Open = Callable[..., Awaitable[PostgresStore]]


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def open_engine(url: str) -> AsyncIterator[Open]:
    """Opens stores of engines on the database of the test; options are those of Target."""
    async with AsyncExitStack() as stores:

        async def opened(engine: str, *, horizon_ns: int = HORIZON_NS, **timeouts: float) -> PostgresStore:
            target = Target(url, engine, PASSWORD, **timeouts)
            store = await PostgresStore.open(target, lambda: NOW_NS, WindowRules(horizon_ns=horizon_ns))
            stores.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
def admin(url: str) -> Iterator[Connection]:
    """A connection beside those of the stores."""
    with psycopg.connect(url, password=PASSWORD, autocommit=True) as connection:
        yield connection


@contextmanager
def locked(admin: Connection, table: str) -> Iterator[None]:
    """Nobody writes to a table meanwhile; whoever wants to waits."""
    with admin.transaction():
        admin.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
        yield


async def held(admin: Connection, work: Awaitable[T]) -> "asyncio.Task[T]":
    """Work that has come to wait for a lock."""
    task = asyncio.ensure_future(work)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    (before,) = admin.execute(waiting.encode()).fetchone() or (0,)

    def waits() -> bool:
        (now,) = admin.execute(waiting.encode()).fetchone() or (0,)
        return bool(now > before)

    await eventually(lambda: task.done() or waits(), "it waits for a lock", timeout_s=20)
    assert not task.done(), task
    return task


async def test_record_that_is_committed_while_its_window_is_written(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS))
    (due,) = await dues(one)
    with locked(admin, "folds"):
        writing = await held(admin, fold(one, due))  # its mark is gone, not yet for others
        assert await put(two, stage(2, NOW_NS)) == ["stored"]  # and waits for nobody
    assert await writing
    assert await kept(one, 10) == {T0: ["1"]}
    (again,) = await dues(two)
    assert again.revision != due.revision
    await keep(two)
    assert await kept(one, 10) == {T0: ["1", "2"]}


async def test_window_is_not_written_where_a_record_came_between(open_engine: Open) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS))
    (due,) = await dues(one)
    await put(two, stage(2, NOW_NS))
    assert not await fold(one, due)
    assert not await one.put_folds(due, [fold_of(due, b"stale")], 60)
    assert await one.folds(Windows(10)) == []
    (due,) = await dues(one)
    assert await fold(two, due)
    assert not await one.put_folds(due, [fold_of(due, b"stale")], 60)
    assert await kept(one, 10) == {T0: ["1", "2"]}


async def test_commit_that_is_under_way_when_the_mark_is_taken(open_engine: Open, admin: Connection) -> None:
    one = await open_engine("one")
    await put(one, stage(1, NOW_NS))
    (due,) = await dues(one)
    with admin.transaction():
        admin.execute("UPDATE marks SET revision = revision # 1")  # what the commit of another engine does
        writing = await held(admin, fold(one, due))
    assert not await writing
    assert await one.folds(Windows(10)) == []
    assert len(await dues(one)) == 1


async def test_two_engines_fold_the_same_window_at_once(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS))
    await put(two, stage(2, NOW_NS))
    (due,) = await dues(one)
    with locked(admin, "folds"):
        first = await held(admin, fold(one, due))
        second = await held(admin, fold(two, due))
    assert sorted([await first, await second]) == [False, True]
    assert await kept(one, 10) == {T0: ["1", "2"]}


async def test_commits_of_several_engines_in_one_window_do_not_wait(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS))
    with admin.transaction():
        admin.execute("SELECT FROM marks FOR UPDATE")  # as a commit of the first engine does
        assert await put(two, stage(2, NOW_NS), stage(3, NOW_NS)) == ["stored", "stored"]
    await keep(one)
    assert await kept(one, 10) == {T0: ["1", "2", "3"]}


async def test_verdict_on_a_window_that_another_engine_folds_again(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS))
    await fold(one, (await dues(one))[0])
    (judged,) = await dues(one, "judge")
    await put(two, stage(2, NOW_NS))
    (due,) = await dues(two)
    with locked(admin, "folds"):
        folding = await held(admin, fold(two, due))
        judging = await held(admin, one.put_verdicts(judged, [verdict_of(judged)], [Event("1", b"1")]))
    assert await folding
    assert await judging
    (again,) = await dues(one, "judge")
    assert not await one.put_verdicts(judged, [], [])
    assert await one.put_verdicts(again, [verdict_of(again, "violated")], [Event("1", b"2"), Event("2", b"3")])
    assert [verdict.verdict for verdict in await two.verdicts(Windows(10))] == ["violated"]
    assert [event.id for event in await two.untold(9)] == ["1", "2"]


async def test_two_engines_judge_windows_of_one_series_at_once(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS), stage(2, NOW_NS + 10 * S))
    for due in await dues(one):
        await fold(one, due)
    first, second = await dues(one, "judge")
    seen = (await one.series(first)).revision
    with locked(admin, "verdicts"):
        judging = await held(admin, one.put_verdicts(first, [verdict_of(first)], [], seen=seen))
        waiting = await held(admin, two.put_verdicts(second, [verdict_of(second)], [], seen=seen))
    assert await judging
    assert not await waiting
    assert await dues(two, "judge") == [second]
    spent = Spent("contract", "fast", "v", "", 60 * S)
    await put(one, stage(3, NOW_NS))
    await fold(one, (await dues(one))[0])
    first, second = await dues(one, "judge")
    with locked(admin, "verdicts"):
        judging = await held(admin, two.put_verdicts(second, [verdict_of(second)], []))
        waiting = await held(admin, one.put_verdicts(first, [verdict_of(first, "violated")], [], [spent]))
    assert await judging
    assert await waiting
    assert [due.start_ns for due in await dues(two, "judge")] == [second.start_ns]


async def test_truth_that_is_told_while_its_prediction_is_committed(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    with locked(admin, "marks"):
        committing = await held(admin, put(one, stage(1, NOW_NS)))  # all is written, nothing is seen of it
        assert await two.add_truths([TruthTold(prediction(1), "yes", 5)]) == ["waiting"]
    assert await committing == ["stored"]
    await keep(one)
    assert await kept(one, 10) == {T0: ["1yes"]}


async def test_window_that_is_folded_while_a_truth_is_told(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    with locked(admin, "truths"):
        telling = await held(admin, two.add_truths([TruthTold(prediction(1), "yes", 5)]))  # it is not there yet
        await put(one, stage(1, NOW_NS))
        await keep(one)
        assert await kept(one, 10) == {T0: ["1"]}
    assert await telling in (["waiting"], ["joined"])
    await keep(one)
    assert await kept(one, 10) == {T0: ["1yes"]}


async def test_truth_whose_windows_were_never_marked_marks_them_when_it_is_told_again(
    open_engine: Open, admin: Connection
) -> None:
    one = await open_engine("one")
    await put(one, stage(1, NOW_NS))
    await keep(one)
    with admin.transaction():  # as an engine leaves it that was killed between its two transactions
        admin.execute("INSERT INTO truths VALUES (%s, 'yes', 5, %s, false)", (prediction(1), NOW_NS))
    assert await one.add_truths([TruthTold(prediction(1), "yes", 5)]) == ["repeated"]
    assert await starts(one) == [T0]
    await keep(one)
    assert await one.add_truths([TruthTold(prediction(1), "yes", 5)]) == ["repeated"]
    assert await starts(one) == []
    await put(one, stage(2, NOW_NS))
    await keep(one)
    admin.execute("INSERT INTO truths VALUES (%s, 'no', 5, %s, false)", (prediction(2), NOW_NS))
    assert await one.delete_waiting_truths(NOW_NS + 1, 9) == 0
    await keep(one)
    assert await kept(one, 10) == {T0: ["1yes", "2no"]}


async def test_two_engines_tell_the_truth_of_one_prediction_at_once(open_engine: Open) -> None:
    engines = [await open_engine(name) for name in ("one", "two", "three")]
    await put(engines[0], stage(1, NOW_NS))
    told = [TruthTold(prediction(1), f"{number}", number) for number in range(30)]
    outcomes = await asyncio.gather(*(engines[n % 3].add_truths([one]) for n, one in enumerate(told)))
    record = await engines[0].get(prediction(1))
    assert record is not None
    assert record.truth.value == "29"
    assert [outcome for (outcome,) in outcomes].count("joined") == 1


async def test_record_that_comes_while_its_window_is_sealed(open_engine: Open, admin: Connection) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    await put(one, stage(1, NOW_NS - DAY_NS, event_ns=NOW_NS))
    await keep(one)
    with locked(admin, "windows"):
        removing = await held(admin, one.delete_before(NOW_NS, 9))  # the record is gone, the window not yet sealed
        assert await put(two, stage(2, NOW_NS, event_ns=NOW_NS)) == ["stored"]
    assert await removing == 1
    (due,) = await dues(two)
    assert not await fold(two, due)
    await keep(two)
    assert await kept(one, 10) == {T0: ["1"]}


async def test_window_whose_day_was_dropped_and_is_not_swept_stays_as_it_is(open_engine: Open) -> None:
    one = await open_engine("one")
    old = [stage(number, NOW_NS - 3 * DAY_NS + number, event_ns=NOW_NS) for number in range(1, 5)]
    await put(one, stage(8, NOW_NS - 3 * DAY_NS, event_ns=NOW_NS - 60 * S), *old)
    await keep(one)
    assert await one.delete_before(NOW_NS - DAY_NS, 1) == 1  # drops the day, sweeps one that is of another window
    await put(one, stage(9, NOW_NS, event_ns=NOW_NS))
    await keep(one)
    assert await kept(one, 10) == {T0 - 60: ["8"], T0: ["1", "2", "3", "4"]}
    assert await one.count(Filter()) == 1
    assert [len(some) async for some in one.export(Filter())] == [1]


async def test_engine_that_tells_keeps_others_from_telling_until_it_stops(open_engine: Open) -> None:
    one, two = await open_engine("one", telling_s=5.0), await open_engine("two")
    assert await two.untold(9) == []
    await put(one, stage(1, NOW_NS), stage(2, NOW_NS + 10 * S))
    for due in await dues(one):
        await fold(one, due)
    for due in await dues(one, "judge"):
        await one.put_verdicts(due, [], [Event(f"{due.start_ns}a", b"1"), Event(f"{due.start_ns}b", b"2")])
    events = await one.untold(9)
    assert len(events) == 4
    assert await one.untold(9) == events  # it may ask again
    assert await two.untold(9) == []
    await one.told([events[0].id])
    assert await two.untold(9) == []
    taken = await eventually_events(two)  # the other one says nothing any more
    assert taken == events[1:]
    assert await one.untold(9) == []
    await two.told([event.id for event in taken])
    assert await one.untold(9) == await two.untold(9) == []


async def eventually_events(store: PostgresStore) -> list[Event]:
    """Events, once this engine may tell them."""
    deadline = asyncio.get_running_loop().time() + 20
    while not (found := await store.untold(9)):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
    return found


async def test_events_are_seen_in_the_order_of_their_numbers(open_engine: Open, admin: Connection) -> None:
    """Whoever puts one waits for who has put one before and is not done: its number would be the smaller one."""
    one = await open_engine("one")
    await put(one, stage(1, NOW_NS))
    await fold(one, (await dues(one))[0])
    (due,) = await dues(one, "judge")
    with admin.transaction():  # as another engine that is about to commit
        admin.execute("SELECT pg_advisory_xact_lock(%s)", (EVENTS_LOCK,))
        admin.execute("INSERT INTO events (id, window_id, change) VALUES ('first', 0, '1')")
        putting = await held(admin, one.put_verdicts(due, [], [Event("second", b"2")]))
        assert await one.events(0, 9) == []
    assert await putting
    assert [noted.change for noted in await one.events(0, 9)] == [b"1", b"2"]


async def test_engines_know_how_far_the_others_are(open_engine: Open) -> None:
    one, two = await open_engine("one"), await open_engine("two")
    assert await one.heartbeat(NOW_NS, 1) == {"one": (NOW_NS, 1)}
    assert await two.heartbeat(NOW_NS + 1, 2) == {"one": (NOW_NS, 1), "two": (NOW_NS + 1, 2)}
    assert await one.heartbeat(NOW_NS + 2, 0) == {"one": (NOW_NS + 2, 0), "two": (NOW_NS + 1, 2)}
    assert await one.heartbeat(NOW_NS + 2 * DAY_NS, 3) == {"one": (NOW_NS + 2 * DAY_NS, 3)}


def spans_of(number: int, chance: random.Random) -> list[SpanFacts]:
    """The stages of a prediction, which say different things of when it was."""
    event_ns = NOW_NS + chance.randrange(90) * S
    return [
        stage(number, NOW_NS + chance.randrange(10**9), event_ns=event_ns),
        stage(number, NOW_NS + chance.randrange(40 * S), name="preprocess"),
        stage(number, NOW_NS + chance.randrange(40 * S), name="inference"),
    ]


@pytest.mark.parametrize("seed", [1, 2])
async def test_windows_are_the_same_for_every_split_over_engines(open_engine: Open, seed: int) -> None:
    chance = random.Random(seed)
    engines = [await open_engine(name) for name in ("one", "two", "three")]
    spans = {number: spans_of(number, chance) for number in range(1, 61)}
    work: list[SpanFacts | TruthTold] = [span for some in spans.values() for span in some]
    work += [TruthTold(prediction(number), "yes", number) for number in range(1, 61, 2)]
    chance.shuffle(work)

    async def deliver(store: PostgresStore, mine: list[SpanFacts | TruthTold]) -> None:
        for one in mine:
            if isinstance(one, TruthTold):
                await store.add_truths([one])
            else:
                await put(store, one)

    async def keeps(store: PostgresStore) -> None:
        while not delivered.done():
            await keep(store)
        await keep(store)

    delivered = asyncio.gather(*(deliver(store, work[n::3]) for n, store in enumerate(engines)))
    await asyncio.gather(delivered, *(keeps(store) for store in engines))
    await keep(engines[0])
    expected: dict[int, list[str]] = {}
    for number, (first, *_) in spans.items():
        event_ns = int(dict(first.facts)["hallmark.event_time"])  # type: ignore[arg-type]  # an int, set above
        start = event_ns // S // 10 * 10
        expected.setdefault(start, []).append(f"{number}{'yes' if number % 2 else ''}")
    assert await kept(engines[1], 10) == {start: sorted(names) for start, names in expected.items()}
    hours = [name for names in (await kept(engines[2], 3600)).values() for name in names]
    assert sorted(hours) == sorted(name for names in expected.values() for name in names)
