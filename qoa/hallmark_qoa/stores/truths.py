"""What becomes of truths that are told, given what is known of their predictions. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.base import TruthOutcome, TruthTold
from hallmark_qoa.stores.marks import Spot

KEPT: frozenset[TruthOutcome] = frozenset({"joined", "waiting", "corrected"})
"""Outcomes of truths that hold from now on."""


class Truth(NamedTuple):
    """A truth; of several of one prediction the greatest holds."""

    observed_ns: int
    value: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about truths that were told."""

    outcomes: list[TruthOutcome]
    """One a truth, in their order."""
    kept: Mapping[str, Truth]
    """What holds from now on and did not before, by prediction id."""


def decide(
    told: Sequence[TruthTold], known: Mapping[str, Truth], spots: Mapping[str, Spot], oldest_ns: int
) -> Decision:
    """``known`` are truths and ``spots`` records by prediction id; ``oldest_ns`` is when a record may have started."""
    kept: dict[str, Truth] = {}
    outcomes: list[TruthOutcome] = []
    for one in told:
        truth = Truth(one.observed_ns, one.value)
        before = kept.get(one.prediction, known.get(one.prediction))
        outcome = _outcome(truth, before, spots.get(one.prediction), oldest_ns)
        if outcome in KEPT:
            kept[one.prediction] = truth
        outcomes.append(outcome)
    return Decision(outcomes, kept)


def with_truth(record: bytes, observed_ns: int | None, value: str | None) -> QualityRecord:
    """A stored record with its truth, where that is known."""
    read = QualityRecord.FromString(record)
    if observed_ns is not None and value is not None:
        read.truth.value = value
        read.truth.observed_at.seconds, read.truth.observed_at.nanos = divmod(observed_ns, 10**9)
    return read


def _outcome(truth: Truth, before: Truth | None, spot: Spot | None, oldest_ns: int) -> TruthOutcome:
    if before is not None and before >= truth:
        return "repeated" if before == truth else "superseded"
    if spot is None:
        return "waiting"
    if spot.started_ns < oldest_ns:
        return "expired"
    return "corrected" if before is not None else "joined"
