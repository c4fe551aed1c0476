"""Policies that break and an OPA that fails while windows are judged: unknown, and judged again when they can be."""

import asyncio
import time
from pathlib import Path

import pytest

from hallmark_qoa.windows import unsettled
from tests.support.judged import Judged, judged_alone, real_policy
from tests.support.opa import Opa
from tests.support.predictions import T0_NS, Made, S, objective, write_contract

PATIENCE_S = 60.0
SLOW = Made(2, T0_NS + 10 * S, web_ms=90)
SLOW_LATER = Made(3, T0_NS + 20 * S, web_ms=90)


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could be asked about is asked again at once."""
    monkeypatch.setattr(unsettled, "PAUSE_S", 0.05)


async def _become(one: Judged, words: dict[int, str]) -> None:
    """Turn until the verdicts are these; none of the windows that are slow ever passes."""
    end_s = time.monotonic() + PATIENCE_S
    while (found := await one.words("fast")) != words:
        assert {found.get(10), found.get(20)} <= {None, "unknown", "violated"}
        assert time.monotonic() < end_s, f"{found} did not become {words}"
        await asyncio.wait_for(one.turn(), PATIENCE_S)


async def test_a_policy_that_goes_and_comes_back(one: Judged, policies: Path) -> None:
    path = policies / "default.rego"
    text = path.read_text()
    for file in policies.glob("*.rego"):
        file.unlink()
    await one.take(Made(1), SLOW)
    await _become(one, {0: "unknown", 10: "unknown"})
    path.write_text(text)
    await _become(one, {0: "pass", 10: "violated"})


async def test_a_broken_policy_leaves_the_one_before(one: Judged, policies: Path) -> None:
    await one.take(Made(1))
    await _become(one, {0: "pass"})
    path = policies / "default.rego"
    path.write_text(path.read_text().replace("verdicts := [", "verdicts := [["))
    await one.take(SLOW)
    await _become(one, {0: "pass", 10: "violated"})


async def test_an_opa_that_is_killed_hangs_and_is_started_again(tmp_path: Path, policies: Path) -> None:
    write_contract(tmp_path / "contracts", [objective("fast", "response_time", "<=", 0.05, aggregate="max")])
    with Opa(tmp_path, policies) as opa:
        async with real_policy(qoa_opa_url=opa.url) as policy, judged_alone(tmp_path, policy) as one:
            await one.take(Made(1))
            await _become(one, {0: "pass"})
            await asyncio.to_thread(opa.kill)
            await one.take(SLOW)
            await _become(one, {0: "pass", 10: "unknown"})
            await asyncio.to_thread(opa.start)
            await _become(one, {0: "pass", 10: "violated"})
            opa.pause()
            await one.take(SLOW_LATER)
            await _become(one, {0: "pass", 10: "violated", 20: "unknown"})
            opa.resume()
            await _become(one, {0: "pass", 10: "violated", 20: "violated"})
