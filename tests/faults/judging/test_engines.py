"""Two engines as processes on one PostgreSQL, of which one is killed: every window is made, all watchers see all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest

from hallmark.qoa.v1.qoa_pb2 import WatchVerdictsRequest
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_common.settings import Settings
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.stores.base import Windows
from hallmark_qoa.stores.open import open_store
from tests.support.judged import STORED_NS, Judged, World, real_policy
from tests.support.ports import free_port_settings
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.predictions import T0_NS, Made, S, objective, write_contract, write_model
from tests.support.service import service_process
from tests.support.waiting import eventually

CONSUMERS = [f"c{number}" for number in range(24)]
FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
PATIENCE_S = 90.0
"""For engines that start on a busy machine, and for one that notices that another has been silent for 15 s."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as running:
        yield running


@pytest.fixture
def engines(server: PostgresServer, tmp_path: Path) -> list[dict[str, Any]]:
    """Settings of two engines, with a contract on fast answers."""
    url = server.create_database("shared")
    write_model(tmp_path / "models")
    write_contract(tmp_path / "contracts", [FAST])
    (tmp_path / "password").write_text(PASSWORD)
    shared = {
        "models_dir": tmp_path / "models",
        "contracts_dir": tmp_path / "contracts",
        "qoa_store_url": url,
        "qoa_store_password_file": tmp_path / "password",
        "qoa_quiet_s": 0.5,
        "qoa_lateness_s": 0.5,
        "qoa_retention_s": 3650 * 86_400,  # predictions are of a fixed day
        "telemetry": False,
    }
    return [
        shared | free_port_settings() | {"state_dir": tmp_path / name, "qoa_engine_name": name} for name in ("a", "b")
    ]


@pytest.fixture
async def feeder(engines: list[dict[str, Any]], tmp_path: Path) -> AsyncIterator[Judged]:
    """Stores records, and folds none."""
    url, password = engines[0]["qoa_store_url"], engines[0]["qoa_store_password_file"]

    async with real_policy() as policy:
        one = Judged(
            lambda name: open_store(
                url=url, state_dir=tmp_path, engine=name, password_file=password, now_ns=lambda: STORED_NS
            ),
            World(tmp_path / "models", tmp_path / "contracts", policy),
            "feeder",
        )
        await one.start()
        yield one
        await one.stop()


@contextlib.asynccontextmanager
async def watching(settings: dict[str, Any]) -> AsyncIterator[list[tuple[str, str]]]:
    """Consumers and verdicts of the changes that an engine shows."""
    seen: list[tuple[str, str]] = []
    async with grpc.aio.insecure_channel(Settings.model_validate(settings).target("qoa")) as channel:
        call = QoaServiceStub(channel).WatchVerdicts(WatchVerdictsRequest(), wait_for_ready=True)
        await call.initial_metadata()

        async def follow() -> None:
            with contextlib.suppress(grpc.aio.AioRpcError):
                async for event in call:
                    seen.append((event.change.verdict.consumer, event.change.verdict.verdict))

        following = asyncio.create_task(follow())
        try:
            yield seen
        finally:
            call.cancel()
            await asyncio.gather(following, return_exceptions=True)


@pytest.mark.timeout(300)
async def test_an_engine_that_is_killed_leaves_nothing_unfolded(engines: list[dict[str, Any]], feeder: Judged) -> None:
    first, second = engines
    async with (
        service_process("hallmark_qoa", **first),
        service_process("hallmark_qoa", **second) as killed,
        watching(first) as seen,
    ):
        with psycopg.connect(first["qoa_store_url"], password=PASSWORD, autocommit=True) as admin:

            def count(statement: str) -> int:
                (found,) = admin.execute(statement.encode()).fetchone() or (0,)
                return int(found)

            async with watching(second) as seen_by_second:
                await eventually(lambda: count("SELECT count(*) FROM engines") == 2, timeout_s=PATIENCE_S)
                await feeder.take(
                    *(Made(number, consumer=name, web_ms=90) for number, name in enumerate(CONSUMERS, start=1))
                )
                await eventually(
                    lambda: len(seen) == len(seen_by_second) == len(CONSUMERS),
                    "both show the changes of all",
                    timeout_s=PATIENCE_S,
                )
                assert sorted(seen) == sorted(seen_by_second) == sorted((name, "violated") for name in CONSUMERS)
            await feeder.take(*(Made(100 + number, T0_NS + S, consumer=name) for number, name in enumerate(CONSUMERS)))
            # In the middle of the work, unless this process was so slow to look that it is done.
            await eventually(
                lambda: (
                    count("SELECT count(*) FROM marks WHERE task = 1") > 0
                    or count("SELECT count(*) FROM marks WHERE task = 0") == 0
                ),
                "windows are being made",
                timeout_s=PATIENCE_S,
            )
            killed.kill()
            await feeder.take(
                *(Made(200 + number, T0_NS + 10 * S, consumer=name) for number, name in enumerate(CONSUMERS))
            )
            await eventually(
                lambda: count("SELECT count(*) FROM marks WHERE task = 0") == 0, "all is folded", timeout_s=PATIENCE_S
            )
        folds = await feeder.store.folds(Windows(60, segment=""))
        assert sorted(fold.consumer for fold in folds) == sorted(CONSUMERS)
        assert {Aggregate.decode(fold.aggregate).counts["records"] for fold in folds} == {3}
