"""A store from before there were windows: what is long past is judged, and nobody is told of it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.stores.open import FILE_NAME
from hallmark_qoa.stores.sqlite.schema import MIGRATIONS
from tests.support.judged import Judged, judged_alone
from tests.support.predictions import T0_NS, Made, S, objective, write_contract

FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
SLOW_MS = 90
PAST = 60
"""Windows that were over before the upgrade, every other one of them bad, and the last one too."""


def window(number: int, *, slow: bool) -> Made:
    """A prediction in a window of its own."""
    start_ns = T0_NS + number * 10 * S
    return Made(1000 + number, start_ns, preprocess_ms=SLOW_MS) if slow else Made(1000 + number, start_ns)


def as_before_windows(store: Path, before: Path) -> None:
    """Write the records of a store as the last version without windows had them."""
    before.parent.mkdir()
    with closing(sqlite3.connect(before)) as connection, connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT")
        connection.execute("INSERT INTO schema_version VALUES (2)")
        for step in (*MIGRATIONS[0], *MIGRATIONS[1]):
            assert isinstance(step, str)
            connection.execute(step)
        connection.execute("ATTACH ? AS now", (str(store),))
        connection.execute(
            """INSERT INTO records (prediction_id, started_ns, consumer, model, status, record, spans)
            SELECT prediction_id, started_ns, consumer, model, status, record, spans FROM now.records"""
        )


@pytest.fixture
async def upgraded(tmp_path: Path, policy: Policy) -> AsyncIterator[Judged]:
    """An engine that has just opened such a store, with a contract."""
    async with judged_alone(tmp_path, policy) as one:
        await one.take(*(window(number, slow=number % 2 == 1) for number in range(PAST)))
    as_before_windows(tmp_path / FILE_NAME, tmp_path / "old" / FILE_NAME)
    async with judged_alone(tmp_path / "old", policy) as one:
        write_contract(one.contracts, [FAST])
        await one.turn()
        yield one


async def told(one: Judged) -> list[tuple[int, str, str]]:
    """Changes that nobody was told yet, by the number of their window."""
    changes = [VerdictChange.FromString(event.change) for event in await one.store.untold(1000)]
    return [
        ((one.verdict.start.seconds - T0_NS // S) // 10, one.before, one.verdict.verdict)
        for one in sorted(changes, key=lambda change: change.verdict.start.seconds)
    ]


async def test_the_past_is_judged(upgraded: Judged) -> None:
    assert list((await upgraded.words("fast")).values()) == ["pass", "violated"] * (PAST // 2)


async def test_nobody_is_told_of_the_past(upgraded: Judged) -> None:
    assert await told(upgraded) == []


async def test_what_is_still_broken_is_told_with_the_first_window_after_it(upgraded: Judged) -> None:
    await upgraded.take(window(PAST, slow=True), window(PAST + 1, slow=True), window(PAST + 2, slow=False))
    await upgraded.turn()
    assert await told(upgraded) == [(PAST, "", "violated"), (PAST + 2, "violated", "pass")]
