"""What a store reads from verdicts. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Spent

ANY_NS = (-(2**63), 2**63 - 1)
"""A period without bounds."""


class Promise(NamedTuple):
    """What verdicts are about, apart from the window: one objective of a contract."""

    size_s: int
    model: str
    consumer: str
    contract: str
    objective: str
    variant: str
    segment: str


def slice_of(verdict: WindowVerdict) -> str:
    """What a window counts as in a budget: ``good``, ``bad`` or ``unknown``."""
    if verdict.bad:
        return "bad"
    return "unknown" if verdict.verdict == "unknown" else "good"


def in_order(verdict: WindowVerdict) -> tuple[int, str, str, str, str, str, str]:
    """What verdicts of windows of one size are sorted by."""
    return (
        int(verdict.start.ToNanoseconds()),
        verdict.consumer,
        verdict.model,
        verdict.variant,
        verdict.contract,
        verdict.objective,
        verdict.segment,
    )


def promise_key(promise: Promise) -> bytes:
    """A promise in 16 bytes."""
    # Lengths keep apart what would read the same when it is put together.
    text = "".join(f"{len(part)}:{part}" for part in map(str, promise))
    return hashlib.sha256(text.encode()).digest()[:16]


def promise_of(due: Due, verdict: WindowVerdict) -> Promise:
    """What a verdict on a window is about."""
    series = (due.size_s, due.model, due.consumer)
    return Promise(*series, verdict.contract, verdict.objective, verdict.variant, verdict.segment)


def reckoned(due: Due, spent: Iterable[Spent]) -> Iterator[tuple[bytes, int, int]]:
    """Of each promise in whose budget a window counts: its key, and between which starts later windows reckon with it.

    The first start is not among them, the last one is.
    """
    series = (due.size_s, due.model, due.consumer)
    for one in spent:
        promise = Promise(*series, one.contract, one.objective, one.variant, one.segment)
        yield promise_key(promise), due.start_ns, due.start_ns + one.reach_ns
