"""What a store reads from verdicts. Pure."""

import hashlib

from hallmark.qoa.v1.report_pb2 import WindowVerdict


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


def promise_key(
    size_s: int, model: str, consumer: str, contract: str, objective: str, variant: str, segment: str
) -> bytes:
    """What verdicts are about, apart from the window: one objective of a contract, in 16 bytes."""
    parts = (str(size_s), model, consumer, contract, objective, variant, segment)
    # Lengths keep apart what would read the same when it is put together.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).digest()[:16]
