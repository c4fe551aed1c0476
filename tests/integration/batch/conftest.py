"""A real engine, as a process, on a store of records whose windows it has judged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest

from hallmark_qoa.stores.base import TruthTold
from tests.support.command import environment, run_command
from tests.support.judged import judged_alone, real_policy
from tests.support.ports import free_port_settings
from tests.support.predictions import S, objective, some, write_contract
from tests.support.service import service_process

OBJECTIVES = [
    objective("fast", "response_time", "<=", 0.06, aggregate="p50", window="1m"),
    objective("there", "availability", ">=", 0.95, window="1m"),
    objective("right", "accuracy", ">=", 0.6, coverage=0.3, window="1m"),
]
PREDICTIONS = 150

Hallmark = Callable[..., Awaitable[Any]]


async def _filled(folder: Path) -> None:
    random = Random(7)
    write_contract(folder / "contracts", OBJECTIVES, completeness=0.5)
    async with real_policy() as policy, judged_alone(folder, policy) as one:
        made = some(random, PREDICTIONS, seconds=300, models=["m"], consumers=["acme"])
        await one.take(*made)
        await one.store.add_truths(
            [TruthTold(each.prediction, random.choice(("late", "on time")), each.start_ns + S) for each in made]
        )
        while await one.turn():
            pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, contracts and a store with all windows judged; the engine that made them has ended."""
    made = tmp_path_factory.mktemp("batch")
    asyncio.run(_filled(made))
    return made


@pytest.fixture
async def served(folder: Path) -> AsyncIterator[dict[str, str]]:
    """The environment of command lines beside an engine on that store."""
    settings: dict[str, str] = {
        **{name: str(port) for name, port in free_port_settings().items()},
        "state_dir": str(folder),
        "models_dir": str(folder / "models"),
        "contracts_dir": str(folder / "contracts"),
        "qoa_retention_s": str(9 * 365 * 86400),
        "qoa_windows": "10s,1m,1h",
        "qoa_windows_kept": str(10**9),  # made-up predictions are of long ago
        "qoa_cpu_hour_price": "1",
        "telemetry": "false",
    }
    async with service_process("hallmark_qoa", **settings):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{settings['qoa_port']}") as channel:
            await asyncio.wait_for(channel.channel_ready(), 60)
        yield environment(**settings)


@pytest.fixture
def hallmark(served: dict[str, str]) -> Hallmark:
    """Runs command lines beside that engine."""

    async def run(*arguments: str) -> Any:
        return await asyncio.to_thread(run_command, served, *arguments)

    return run
