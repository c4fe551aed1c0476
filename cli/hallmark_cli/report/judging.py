"""Judging: what the engine cannot judge by, so that nobody takes a promise for kept that nobody looked at."""

import asyncio

from hallmark.qoa.v1.qoa_pb2 import GetJudgingRequest, GetJudgingResponse
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli.client import channel_to
from hallmark_common.contracts.load import instead_of_broken
from hallmark_common.settings import Settings

TIMEOUT_S = 10.0


def fetch_unusable(settings: Settings) -> tuple[str, ...]:
    """A sentence for each contract that cannot be used as it stands in its file, and for such a policy."""
    return unusable(asyncio.run(_judging(settings)))


def unusable(found: GetJudgingResponse) -> tuple[str, ...]:
    """The same of what an engine said."""
    contracts = tuple(f"{one.error}; {instead_of_broken(one.version)}" for one in found.contracts if one.error)
    if not found.policy_error:
        return contracts
    instead = "the policy before stays in use" if found.policy_revision else "every verdict is unknown"
    return (*contracts, f"{found.policy_error}; {instead}")


async def _judging(settings: Settings) -> GetJudgingResponse:
    async with channel_to(settings, "qoa") as channel:
        return await QoaServiceStub(channel).GetJudging(GetJudgingRequest(), timeout=TIMEOUT_S)
