"""What is true of the PostgreSQL store alone: lost connections, days, several engines, locks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from hallmark_qoa.combine import Combined, combine
from hallmark_qoa.derive import derive
from hallmark_qoa.facts import SpanFacts, SpanGroup
from hallmark_qoa.stores.base import Batch, Filter, JournalEntry, Store
from hallmark_qoa.stores.postgres.days import MAX_DAYS, NEW_DAYS_PER_BATCH, day_of
from hallmark_qoa.stores.postgres.partitions import RETRY_NS
from hallmark_qoa.stores.postgres.schema import MIGRATIONS, migrate
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.records import DAY_NS, NOW_NS, group, prediction, put, stage, walk
from tests.support.waiting import eventually

Connection = psycopg.Connection[Any]
Open = Callable[..., Awaitable[PostgresStore]]


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def open_postgres(url: str) -> AsyncIterator[Open]:
    """Opens stores on the database of the test; arguments are those of Target."""
    async with AsyncExitStack() as stores:

        async def opened(engine: str = "a", *, at: str = url, **timeouts: float) -> PostgresStore:
            store = await PostgresStore.open(Target(at, engine, PASSWORD, **timeouts), lambda: NOW_NS)
            stores.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
def admin(url: str) -> Iterator[Connection]:
    """A connection beside those of the stores."""
    with psycopg.connect(url, password=PASSWORD, autocommit=True) as connection:
        yield connection


def all_of(connection: Connection, statement: str) -> list[Any]:
    return [row[0] for row in connection.execute(statement.encode())]


def partitions(connection: Connection) -> list[str]:
    names = all_of(connection, "SELECT relname FROM pg_class WHERE relname ~ '^records_' AND relkind = 'r' ORDER BY 1")
    return [name.removeprefix("records_") for name in names]


def cut(connection: Connection) -> int:
    """Terminate the connections of engines; how many there were."""
    terminated = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name ~ '^hallmark-qoa'"
    )
    count: int = all_of(connection, f"{terminated} AND datname = current_database()")[0]
    return count


async def test_connections_that_were_cut_are_made_anew(open_postgres: Open, admin: Connection) -> None:
    store = await open_postgres()
    await put(store, stage(1))
    assert await store.get(prediction(1)) is not None
    assert cut(admin) == 2
    assert await put(store, stage(1, name="inference")) == ["updated"]
    assert await store.get(prediction(1)) == derive(prediction(1), [stage(1), stage(1, name="inference")])


def cutting(admin: Connection, identity: str, times: int) -> Any:
    """A combine() that cuts the connection of its own commit when it comes to a prediction, the first few times."""
    left = [times]

    def cut_and_combine(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        if one.prediction == identity and left[0]:
            left[0] -= 1
            cut(admin)
        return combine(stored, one)

    return cut_and_combine


async def test_commit_whose_connection_is_cut_is_done_again(open_postgres: Open, admin: Connection) -> None:
    store = await open_postgres()
    await put(store, stage(1))
    batch = Batch([group(stage(2))], JournalEntry(1, b"a"))
    (change,) = await store.commit(batch, cutting(admin, prediction(2), 1))
    assert change.outcome == "stored"
    assert await walk(store) == [prediction(2), prediction(1)]
    assert await store.journal() == [JournalEntry(1, b"a")]


async def test_commit_whose_connections_are_all_cut_leaves_nothing(open_postgres: Open, admin: Connection) -> None:
    store = await open_postgres()
    await put(store, stage(1))
    batch = Batch([group(stage(2)), group(stage(1, name="inference"))], JournalEntry(1, b"a"))
    with pytest.raises(psycopg.OperationalError):
        await store.commit(batch, cutting(admin, prediction(2), 2))
    assert await walk(store) == [prediction(1)]
    assert await store.get(prediction(1)) == derive(prediction(1), [stage(1)])
    assert await store.journal() == []
    assert [change.outcome for change in await store.commit(batch, combine)] == ["stored", "updated"]


async def test_connection_cut_while_it_writes_leaves_nothing_of_that_attempt(
    open_postgres: Open, admin: Connection
) -> None:
    store = await open_postgres()
    await put(store, stage(1))
    attempts: list[str] = []

    def counted(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        attempts.append(one.prediction)
        return combine(stored, one)

    with admin.transaction():
        admin.execute("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")  # the records are written before the entry
        commit = asyncio.create_task(store.commit(Batch([group(stage(2))], JournalEntry(1, b"a")), counted))
        await eventually(lambda: waits_for_lock(admin), "the commit waits for the journal")
        assert all_of(admin, "SELECT count(*) FROM records") == [1]
        cut(admin)
        await eventually(lambda: len(attempts) == 2, "the commit is done again")
        assert all_of(admin, "SELECT count(*) FROM records") == [1]
    (change,) = await commit
    assert change.outcome == "stored"
    assert await walk(store) == [prediction(2), prediction(1)]


def waits_for_lock(connection: Connection) -> bool:
    """Whether an engine waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return all_of(connection, waiting) == [1]


async def test_server_that_is_down_and_comes_back() -> None:
    with PostgresServer() as server:
        url = server.create_database("test")
        store = await PostgresStore.open(Target(url, "a", PASSWORD))
        await put(store, stage(1))
        server.stop()
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                await put(store, stage(2))
            with pytest.raises(psycopg.OperationalError):
                await store.get(prediction(1))
        server.start()
        assert await put(store, stage(2)) == ["stored"]
        assert await walk(store) == [prediction(2), prediction(1)]
        await store.close()


async def test_journal_is_that_of_the_engine(open_postgres: Open, url: str) -> None:
    first, second = await PostgresStore.open(Target(url, "first", PASSWORD)), await open_postgres("second")
    await first.commit(Batch(entry=JournalEntry(1, b"of first")), combine)
    await second.commit(Batch(entry=JournalEntry(1, b"of second")), combine)
    await second.commit(Batch(entry=JournalEntry(2, b"of second"), settled=[1]), combine)
    assert await first.journal() == [JournalEntry(1, b"of first")]
    assert await second.journal() == [JournalEntry(2, b"of second")]
    await first.close()
    again = await open_postgres("first")
    assert await again.journal() == [JournalEntry(1, b"of first")]


async def test_several_engines_open_an_empty_database_at_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    targets = [Target(url, f"engine {number}", PASSWORD) for number in range(4)]
    stores = await asyncio.gather(*(PostgresStore.open(target, lambda: NOW_NS) for target in targets))
    spans = [stage(number, NOW_NS - number * DAY_NS) for number in range(1, 16)]
    for start in range(0, 15, 5):
        await asyncio.gather(*(put(store, *spans[start : start + 5]) for store in stores))  # the same partitions
    assert await walk(stores[0]) == [span.prediction for span in spans]
    assert "no partition" not in caplog.text  # they take turns
    for store in stores:
        await store.close()


async def test_migration_goes_on_where_the_last_one_ended(admin: Connection) -> None:
    migrate(admin)
    with_next = (*MIGRATIONS, ("CREATE TABLE of_next_version (a integer)", "INSERT INTO of_next_version VALUES (1)"))
    for _ in range(2):
        migrate(admin, with_next)
        assert all_of(admin, "SELECT a FROM of_next_version") == [1]
    assert all_of(admin, "SELECT max(version) FROM schema_version") == [len(with_next)]


async def test_migration_that_fails_leaves_nothing(admin: Connection) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE of_next_version (a integer)", "SELECT 1 / 0"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(admin, broken)
    assert all_of(admin, "SELECT count(*) FROM pg_class WHERE relname IN ('records', 'of_next_version')") == [0]


async def test_day_begins_at_midnight_utc(open_postgres: Open, admin: Connection) -> None:
    admin.execute("ALTER ROLE CURRENT_USER SET timezone = 'Pacific/Kiritimati'")
    store = await open_postgres()
    midnight_ns = NOW_NS // DAY_NS * DAY_NS
    await put(store, stage(1, midnight_ns - 1), stage(2, midnight_ns), stage(3, midnight_ns + DAY_NS - 1))
    assert partitions(admin) == ["day_20260920", "day_20260921", "day_20260922", "other"]
    assert all_of(admin, "SELECT count(*) FROM records_day_20260921") == [2]
    admin.execute("ALTER ROLE CURRENT_USER RESET timezone")


async def test_only_plausible_days_get_a_partition(open_postgres: Open, admin: Connection) -> None:
    store = await open_postgres()
    year_2013, year_2200 = 1_356_998_400 * 10**9, 7_258_118_400 * 10**9
    tomorrow, after_that = NOW_NS + DAY_NS, NOW_NS + 2 * DAY_NS
    await put(store, *(stage(n, at) for n, at in enumerate((1, year_2013, tomorrow, after_that, year_2200), start=1)))
    assert partitions(admin) == ["day_20130101", "day_20260922", "other"]
    assert all_of(admin, "SELECT count(*) FROM records_other") == [3]


async def test_batch_makes_a_bounded_number_of_partitions_and_loses_nothing(
    open_postgres: Open, admin: Connection
) -> None:
    store = await open_postgres()
    spans = [stage(number, NOW_NS - number * DAY_NS) for number in range(1, 2 * NEW_DAYS_PER_BATCH + 1)]
    await put(store, *spans)
    assert len(partitions(admin)) == NEW_DAYS_PER_BATCH + 1  # one of them is tomorrow's
    assert await walk(store, size=5) == [span.prediction for span in spans]
    for _ in range(2):  # others get their partitions now, and what was kept elsewhere moves there
        assert set(await put(store, *spans)) == {"unchanged"}
    assert len(partitions(admin)) == 2 * NEW_DAYS_PER_BATCH + 2
    assert all_of(admin, "SELECT count(*) FROM records_other") == [0]
    assert await walk(store, size=5) == [span.prediction for span in spans]
    assert MAX_DAYS > 2 * NEW_DAYS_PER_BATCH


async def test_days_of_another_engine_are_found(open_postgres: Open) -> None:
    reader, writer = await open_postgres("reader"), await open_postgres("writer")
    spans = [stage(number, NOW_NS - number * DAY_NS) for number in range(1, 13)]
    await put(writer, *spans)
    assert await walk(reader, size=5) == [span.prediction for span in spans]
    assert await put(reader, *spans) == ["unchanged"] * len(spans)


async def test_removal_by_age_drops_whole_days(open_postgres: Open, admin: Connection) -> None:
    store = await open_postgres()
    await put(store, *(stage(number, NOW_NS - number * DAY_NS // 2) for number in range(1, 9)))
    assert await store.delete_before(NOW_NS - 2 * DAY_NS, 1) == 1
    assert partitions(admin) == ["day_20260919", "day_20260920", "day_20260921", "day_20260922", "other"]
    assert len(await walk(store)) == 5  # one more than asked for: it shares its day with one that stays
    while await store.delete_before(NOW_NS - 2 * DAY_NS, 1):
        pass
    assert len(await walk(store)) == 4
    assert all_of(admin, "SELECT count(*) FROM predictions") == [4]


async def test_removal_by_size_drops_whole_days_and_counts_right(open_postgres: Open, admin: Connection) -> None:
    first, second = await open_postgres("first"), await open_postgres("second")
    spans = [stage(number, NOW_NS - number * DAY_NS // 50, model="m" * 256) for number in range(1, 501)]
    await put(first, *spans[::2])
    await put(second, *spans[1::2])
    days = len(partitions(admin))
    (used,) = all_of(admin, "SELECT sum(bytes)::bigint FROM usage")
    (oldest,) = all_of(admin, "SELECT sum(bytes)::bigint FROM usage GROUP BY day ORDER BY day LIMIT 1")
    removed = 0
    while count := await first.delete_beyond(used - oldest, 20):
        removed += count
    assert (len(partitions(admin)), len(await walk(first))) == (days - 1, 500 - removed)  # that day, nothing else
    while count := await first.delete_beyond(used // 2, 20):
        removed += count
    assert 200 < removed < 300
    assert len(await walk(second)) == 500 - removed
    assert len(partitions(admin)) < days - 3
    rest = "SELECT sum(octet_length(record) + octet_length(spans))::bigint FROM records"
    (left,), (content,) = all_of(admin, "SELECT sum(bytes)::bigint FROM usage"), all_of(admin, rest)
    assert content < left <= used // 2
    while await first.delete_beyond(0, 1000):
        pass
    assert all_of(admin, "SELECT sum(bytes)::bigint FROM usage") in ([0], [None])
    assert await walk(second) == []


@pytest.mark.parametrize(
    ("timeouts", "error"),
    [
        ({"lock_timeout_s": 2.0, "statement_timeout_s": 60.0}, psycopg.errors.LockNotAvailable),
        ({"lock_timeout_s": 60.0, "statement_timeout_s": 2.0}, psycopg.errors.QueryCanceled),
    ],
)
async def test_locked_table_does_not_hang_the_engine(
    timeouts: dict[str, float], error: type[Exception], open_postgres: Open, admin: Connection
) -> None:
    store = await open_postgres(**timeouts)
    await put(store, stage(1))
    with admin.transaction():
        admin.execute("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(error):
            await put(store, stage(2))
        with pytest.raises(error):
            await store.page(Filter(), 1)
    assert await put(store, stage(2)) == ["stored"]


async def test_commit_waits_for_another_one_of_the_same_prediction(open_postgres: Open, admin: Connection) -> None:
    first, second = await open_postgres("first"), await open_postgres("second")
    spans = [stage(1, name=name) for name in ("web", "preprocess", "inference")]
    await put(first, spans[0])
    loop = asyncio.get_running_loop()
    overtaking: list[asyncio.Task[list[str]]] = []

    async def try_to_overtake() -> None:
        overtaking.append(asyncio.create_task(put(second, spans[2])))
        await eventually(lambda: overtaking[0].done() or waits_for_lock(admin), "the other commit waits or is done")

    def slow(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        if not overtaking:
            asyncio.run_coroutine_threadsafe(try_to_overtake(), loop).result()
        return combine(stored, one)

    await first.commit(Batch([group(spans[1])]), slow)
    assert await overtaking[0] == ["updated"]
    assert await first.get(prediction(1)) == derive(prediction(1), spans)


async def test_backup_that_runs_at_midnight_stops_nobody(url: str, admin: Connection) -> None:
    now_ns = NOW_NS
    store = await PostgresStore.open(Target(url, "a", PASSWORD), lambda: now_ns)
    await put(store, stage(1, now_ns))
    with admin.transaction():
        admin.execute("SELECT count(*) FROM records")  # holds a lock on each partition, as a dump does
        now_ns += 3 * DAY_NS
        assert await put(store, stage(2, now_ns)) == ["stored"]
        assert await put(store, stage(3, now_ns - 1)) == ["stored"]
    assert partitions(admin) == ["day_20260921", "day_20260922", "other"]
    now_ns += RETRY_NS
    assert await put(store, stage(4, now_ns)) == ["stored"]
    assert partitions(admin) == ["day_20260921", "day_20260922", "day_20260924", "day_20260925", "other"]
    assert all_of(admin, "SELECT count(*) FROM records_day_20260924") == [3]
    assert await walk(store) == [prediction(number) for number in (4, 2, 3, 1)]
    await store.close()


async def test_engine_that_holds_locks_and_stops_is_cut_off(open_postgres: Open) -> None:
    stuck, other = await open_postgres("stuck", statement_timeout_s=2.0), await open_postgres("other")
    await put(other, stage(1))
    entered, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def waits(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return combine(stored, one)

    commit = asyncio.create_task(stuck.commit(Batch([group(stage(1, name="inference"))]), waits))
    await entered.wait()
    try:
        assert await put(other, stage(1, name="preprocess")) == ["updated"]  # once the server has cut the other one off
    finally:
        go_on.set()
    await commit
    names = ("web", "preprocess", "inference")
    assert await other.get(prediction(1)) == derive(prediction(1), [stage(1, name=name) for name in names])


async def test_predictions_that_two_engines_make_at_once_become_one(open_postgres: Open) -> None:
    first, second = await open_postgres("first"), await open_postgres("second")
    await put(first, stage(9))
    spans = {"first": stage(1), "second": stage(1, name="inference")}

    raced: list[bool] = []
    loop = asyncio.get_running_loop()

    def overtaken(stored: tuple[SpanFacts, ...], one: SpanGroup) -> Combined:
        if not raced:
            raced.append(True)
            assert stored == ()
            asyncio.run_coroutine_threadsafe(put(second, spans["second"]), loop).result()
        return combine(stored, one)

    (change,) = await first.commit(Batch([group(spans["first"])]), overtaken)
    assert change.outcome == "updated"
    assert await second.get(prediction(1)) == derive(prediction(1), list(spans.values()))


async def test_record_of_a_day_that_was_dropped_is_as_good_as_gone(open_postgres: Open) -> None:
    store: Store = await open_postgres()
    spans = [stage(number, NOW_NS - 3 * DAY_NS, trace=7) for number in range(1, 4)]
    await put(store, *spans)
    assert await store.delete_before(NOW_NS - DAY_NS, 1) == 1  # the day is gone, two predictions are not swept yet
    assert await store.predictions_of(f"{7:032x}", 9) == []
    assert [await store.get(span.prediction) for span in spans] == [None] * 3
    late = stage(3, NOW_NS, trace=7, name="inference")
    assert await put(store, late) == ["stored"]
    assert await store.get(late.prediction) == derive(late.prediction, [late])
    assert day_of(NOW_NS) - day_of(spans[0].start_ns) == 3
