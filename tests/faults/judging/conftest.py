"""An engine that judges slow predictions, and what may break around it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.judged import Judged, judged_alone, real_policy
from tests.support.opa import POLICIES
from tests.support.predictions import objective, write_contract

RIGHT = objective("right", "accuracy", ">=", 0.9, coverage=0.5)
FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The policies of the project, to be broken."""
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    return folder


@pytest.fixture
async def one(tmp_path: Path, policies: Path) -> AsyncIterator[Judged]:
    """An engine with a contract on fast and right answers."""
    write_contract(tmp_path / "contracts", [FAST, RIGHT])
    async with real_policy(policies_dir=policies) as policy, judged_alone(tmp_path, policy) as judged:
        yield judged
