"""Backtest: what contracts would have said of the stored records, had they been in use."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc

from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_cli.batch.period import Period
from hallmark_cli.batch.progress import bar
from hallmark_cli.batch.source import Run, models_of, only_consumer, only_model, windows_of
from hallmark_cli.client import CONNECT_TIMEOUT_S, channel_to
from hallmark_cli.errors import unreachable
from hallmark_common.contracts.model import EVERYONE, Contract, Objective
from hallmark_common.reports import blamed
from hallmark_common.settings import Settings
from hallmark_qoa.batch.recompute import Window, sizes_for

_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(slots=True)
class Tally:
    """The verdicts on one objective, of all consumers and variants."""

    objective: Objective
    verdicts: Counter[str] = field(default_factory=Counter)
    first_ns: int | None = None
    """Start of the first and of the last window that is violated."""
    last_ns: int | None = None
    blamed: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Why it was unknown: how often for such a reason, and the last of them."""

    def add(self, verdict: WindowVerdict) -> None:
        """Count a verdict; they are to come in order of time."""
        self.verdicts[verdict.verdict] += 1
        if verdict.verdict == "violated":
            start_ns = verdict.start.ToNanoseconds()
            self.first_ns = start_ns if self.first_ns is None else self.first_ns
            self.last_ns = start_ns
            if verdict.HasField("blame"):
                self.blamed[blamed(verdict.blame)] += 1
        elif verdict.verdict == "unknown":
            for reason in verdict.reasons:
                alike = _NUMBER.sub("0", reason)
                self.reasons[alike] = (self.reasons.get(alike, (0, ""))[0] + 1, reason)

    @property
    def windows(self) -> int:
        """Windows that were judged."""
        return self.verdicts.total()

    @property
    def most_blamed(self) -> str:
        """What was blamed most often; empty where nothing was."""
        return next((name for name, _ in self.blamed.most_common(1)), "")

    @property
    def usual_reason(self) -> str:
        """The most frequent reason why it was unknown; empty where it never was."""
        return max(self.reasons.values(), default=(0, ""))[1]


@dataclass(slots=True)
class Backtest:
    """What was found of one contract."""

    contract: Contract
    now_ns: int
    """A window that ends later is not over."""
    tallies: dict[str, Tally]
    """By objective, in its order."""
    records: int = 0
    """Records of its consumer and model in the windows that were looked at."""
    from_ns: int | None = None
    """Start of the first window, and end of the last."""
    until_ns: int | None = None
    over: bool = False
    """Whether any window of a size that it judges is over."""

    @classmethod
    def of(cls, contract: Contract, now_ns: int) -> "Backtest":
        """Of a contract about which nothing has been found yet."""
        return cls(contract, now_ns, {objective.name: Tally(objective) for objective in contract.objectives})

    def add(self, window: Window) -> None:
        """Take what was made of a window, which may be one that the contract is not about."""
        due = window.due
        if due.model != self.contract.model.name or self.contract.consumer not in (EVERYONE, due.consumer):
            return
        self.records += window.records
        self.from_ns = due.start_ns if self.from_ns is None else min(self.from_ns, due.start_ns)
        self.until_ns = due.end_ns if self.until_ns is None else max(self.until_ns, due.end_ns)
        judged = any(objective.window_s == due.size_s for objective in self.contract.objectives)
        self.over |= judged and due.end_ns <= self.now_ns
        for verdict in window.verdicts:
            if verdict.contract == self.contract.name:
                self.tallies[verdict.objective].add(verdict)


def backtest(
    settings: Settings, contracts: Sequence[Contract], period: Period, *, required: bool
) -> dict[str, Backtest] | None:
    """Judge stored records by contracts, by name; None where no engine is there to give them and that may be.

    CliError where it is required, and where the engine cannot give records.
    """
    return asyncio.run(_backtest(settings, contracts, period, required=required))


async def _backtest(
    settings: Settings, contracts: Sequence[Contract], period: Period, *, required: bool
) -> dict[str, Backtest] | None:
    sizes = sizes_for(objective.window_s for contract in contracts for objective in contract.objectives)
    now_ns = time.time_ns()
    run = Run(contracts, sizes, models_of(settings), period, now_ns, only_model(contracts), only_consumer(contracts))
    found = {contract.name: Backtest.of(contract, now_ns) for contract in contracts}
    async with channel_to(settings, "qoa") as channel:
        if not await _answers(channel):
            if required:
                raise unreachable(settings, "qoa")
            return None
        with bar("backtest") as progress:
            async for window in windows_of(QoaServiceStub(channel), settings, run, progress):
                for one in found.values():
                    one.add(window)
    return found


async def _answers(channel: grpc.aio.Channel) -> bool:
    """Whether somebody listens; nobody waits for who refuses."""
    state = channel.get_state(try_to_connect=True)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            while state not in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE):
                await channel.wait_for_state_change(state)
                state = channel.get_state(try_to_connect=True)
    except TimeoutError:
        return False
    return state is grpc.ChannelConnectivity.READY
