"""Stored records, as the engine exports them, and windows made of them in this process."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hallmark.qoa.v1.qoa_pb2 import ExportRecordsRequest, RecordFilter
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli.batch.period import Period
from hallmark_cli.batch.progress import Bar
from hallmark_common.contracts.model import EVERYONE, Contract
from hallmark_common.settings import Settings
from hallmark_qoa.batch.recompute import Basis, Window, lead_ns, recompute
from hallmark_qoa.judge.policy.open import open_policy
from hallmark_qoa.judge.promises import Promised
from hallmark_qoa.models import Contexts, Models

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Run:
    """What is made of which records."""

    contracts: Sequence[Contract]
    sizes: tuple[int, ...]
    """Of windows, in seconds; see :func:`~hallmark_qoa.batch.recompute.sizes_for`."""
    models: Contexts
    period: Period
    now_ns: int
    """Windows that end later are not judged."""
    model: str = ""
    consumer: str = ""


def models_of(settings: Settings) -> Models:
    """The models as the engine has them."""
    return Models(settings.models_dir, cpu_hour_price=settings.qoa_cpu_hour_price)


def only_model(contracts: Sequence[Contract]) -> str:
    """The model that all contracts are about; empty where there are several."""
    return _only({contract.model.name for contract in contracts})


def only_consumer(contracts: Sequence[Contract]) -> str:
    """The consumer that all contracts are about; empty where there are several or it is each."""
    return _only({contract.consumer for contract in contracts}).removeprefix(EVERYONE)


def _only(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


async def stored_records(
    stub: "QoaServiceAsyncStub", which: RecordFilter, bar: Bar
) -> AsyncIterator[Sequence[QualityRecord]]:
    """Records in order of event time, some at once."""
    async for answer in stub.ExportRecords(ExportRecordsRequest(filter=which)):
        if answer.total:
            bar.expect(answer.total)
        if answer.records:
            yield answer.records
            bar.advance(len(answer.records))


async def windows_of(stub: "QoaServiceAsyncStub", settings: Settings, run: Run, bar: Bar) -> AsyncIterator[Window]:
    """The windows that start in the period, judged by the policy of the settings."""
    promised = Promised(run.contracts)
    policy = open_policy(settings)
    around = run.period.around(lead_ns(promised, run.sizes), run.sizes[-1])
    records = stored_records(stub, around.records(run.model, run.consumer), bar)
    try:
        async for window in recompute(records, Basis(run.models, promised, policy, run.sizes, run.now_ns)):
            if window.due.start_ns in run.period:
                yield window
    finally:
        await policy.close()
