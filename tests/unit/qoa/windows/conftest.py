"""An engine that folds and judges, on a real store and by the real policy."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hallmark_common.settings import Settings
from hallmark_qoa.judge.policy.open import Policy, open_policy
from tests.support.judged import Judged, judged_alone


@pytest.fixture(scope="module")
def policy() -> Iterator[Policy]:
    """The policy of the project."""
    opened = open_policy(Settings())
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
async def one(tmp_path: Path, policy: Policy) -> AsyncIterator[Judged]:
    """An engine of the test's own."""
    async with judged_alone(tmp_path, policy) as judged:
        yield judged
