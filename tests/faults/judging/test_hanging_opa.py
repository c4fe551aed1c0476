"""An OPA that takes questions and answers none: windows do not each wait for it, and reports do not wait for them."""

import asyncio
from pathlib import Path

from tests.support.judged import judged_alone, real_policy
from tests.support.ports import taken_port
from tests.support.predictions import Made, objective, write_contract

PATIENCE_S = 60.0
WINDOWS = 12
"""So many that the first ones were due again before each of them had waited."""


async def test_a_turn_ends_and_a_report_is_given(tmp_path: Path) -> None:
    write_contract(tmp_path / "contracts", [objective("fast", "response_time", "<=", 0.05, aggregate="max")])
    with taken_port() as port:
        async with (
            real_policy(qoa_opa_url=f"http://127.0.0.1:{port}") as policy,
            judged_alone(tmp_path, policy) as one,
        ):
            await one.take(*(Made(number, consumer=f"c{number}") for number in range(1, 1 + WINDOWS)))
            async with asyncio.timeout(PATIENCE_S):
                turn = asyncio.create_task(one.turn())
                await asyncio.sleep(0)  # so that the turn is there first
                waiting = await one.keeper.refresh(lambda _: True)
                await turn
            assert [verdict.verdict for verdict in await one.verdicts()] == ["unknown"] * WINDOWS
            assert len([due for due in waiting if due.size_s == 10]) == WINDOWS
