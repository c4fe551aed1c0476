"""Windows of made-up records: what a keeper does with a store, without what is in the aggregates."""

from collections.abc import Callable
from itertools import pairwise

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Fold, Store, Windows

S = 10**9
SIZES_S = (10, 60, 3600)


def fold_of(due: Due, aggregate: bytes, *, variant: str = "v", version: str = "1", segment: str = "") -> Fold:
    """A fold of a window."""
    return Fold(due.size_s, due.start_ns, due.consumer, due.model, variant, version, segment, aggregate)


def verdict_of(
    due: Due, verdict: str = "pass", *, contract: str = "contract", objective: str = "fast", variant: str = "v",
    segment: str = "", bad: bool = False,
) -> WindowVerdict:  # fmt: skip
    """A verdict on a window."""
    made = WindowVerdict(
        contract=contract,
        objective=objective,
        consumer=due.consumer,
        model=due.model,
        variant=variant,
        segment=segment,
        window_s=due.size_s,
        verdict=verdict,
        bad=bad,
    )
    made.start.FromNanoseconds(due.start_ns)
    return made


def named(records: list[QualityRecord]) -> list[str]:
    """What a window is folded into here: the numbers of its predictions, each with its truth."""
    return sorted(f"{int(record.prediction_id[33:], 16)}{record.truth.value}" for record in records)


async def dues(store: Store, task: str = "fold", size_s: int = SIZES_S[0]) -> list[Due]:
    """Marks of one kind."""
    return [due for due in await store.due(10_000) if (due.task, due.size_s) == (task, size_s)]


async def starts(store: Store, task: str = "fold", size_s: int = SIZES_S[0]) -> list[int]:
    """Starts of the windows that are marked, in seconds."""
    return [due.start_ns // S for due in await dues(store, task, size_s)]


async def fold(store: Store, due: Due) -> bool:
    """Fold one window, from records or from the windows in it."""
    above = dict(pairwise(SIZES_S))
    below = {larger: smaller for smaller, larger in above.items()}
    if due.size_s in below:
        which = Windows(below[due.size_s], due.model, due.consumer, due.start_ns, due.end_ns)
        names = [name for fold in await store.folds(which) for name in content(fold)]
    else:
        names = named(await store.observed(due.model, due.consumer, due.start_ns, due.end_ns))
    folds = [fold_of(due, " ".join(sorted(names)).encode())] if names else []
    return await store.put_folds(due, folds, above.get(due.size_s))


def content(fold: Fold) -> list[str]:
    """The inverse of what :func:`fold` writes."""
    return fold.aggregate.decode().split()


async def keep(store: Store, *, judge: Callable[[Due], WindowVerdict] = verdict_of) -> None:
    """Fold and judge all that is marked, until nothing is."""
    while marked := await store.due(1000):
        for due in marked:
            if due.task == "fold":
                await fold(store, due)
            else:
                await store.put_verdicts(due, [judge(due)], [])


async def kept(store: Store, size_s: int, **which: str) -> dict[int, list[str]]:
    """What windows of a size hold, by start in seconds."""
    return {fold.start_ns // S: content(fold) for fold in await store.folds(Windows(size_s, **which))}
