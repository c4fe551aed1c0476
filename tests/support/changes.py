"""Changes of verdicts that are made up, and how they get into a store."""

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import Blame, WindowVerdict
from hallmark_qoa.stores.base import Event, Store
from tests.support.records import NOW_NS, put, stage
from tests.support.windows import dues, fold


def change(
    number: int,
    verdict: str = "violated",
    *,
    before: str = "pass",
    silenced: bool = False,
    consumer: str = "acme",
    model: str = "flights",
    severity: str = "critical",
) -> VerdictChange:
    """A change whose id is a number, of a window of a minute that started at NOW_NS."""
    made = WindowVerdict(
        contract="flights-acme",
        contract_version="1",
        objective="fast",
        severity=severity,
        consumer=consumer,
        model=model,
        variant="default",
        window_s=60,
        verdict=verdict,
        reasons=["p95 is 0.31 s, more than 0.25 s"],
        figure="response_time.p95",
        operator="<=",
        threshold=0.25,
        observed=0.31,
        count=40,
        completeness=1.0,
        blame=Blame(kind="stage", name="inference", detail="twice its usual time", stage="inference"),
        unit="s",
    )
    made.start.FromNanoseconds(NOW_NS)
    return VerdictChange(id=f"{number:032x}", verdict=made, before=before, silenced=silenced)


def numbers(changes: list[str]) -> list[int]:
    """Numbers of changes by their ids."""
    return [int(identity, 16) for identity in changes]


async def put_changes(store: Store, *changes: VerdictChange) -> None:
    """As judging a window leaves them in a store."""
    await put(store, stage(int(changes[0].id, 16), NOW_NS))
    for due in await dues(store):
        await fold(store, due)
    (due, *_) = await dues(store, "judge")
    events = [Event(one.id, one.SerializeToString(deterministic=True)) for one in changes]
    assert await store.put_verdicts(due, [], events)
