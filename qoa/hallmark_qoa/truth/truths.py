"""Truths: check → find the prediction → keep → say what became of each."""

import logging
from collections.abc import Callable, Sequence

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, AddTruthsResponse, PredictionTruth, TruthOutcome
from hallmark_common.errors import HallmarkError, invalid
from hallmark_common.feedback import MAX_TRUTHS
from hallmark_qoa.stores.base import Store, TruthTold
from hallmark_qoa.truth.check import RefusedError, checked, is_trace_id
from hallmark_qoa.truth.counters import TruthCounters, Way
from hallmark_qoa.truth.writer import TruthWriter, store_failed

logger = logging.getLogger(__name__)

TRUTHS_PER_REMOVAL = 1000


class Truths:
    """Takes what really happened with predictions, whoever tells it, and says what became of each truth.

    ========== ========================================================================================================
    joined     It is the first of its prediction, whose record is there: windows are made anew with it.
    waiting    There is no such prediction (yet): it is joined when the record comes, and removed, and counted, where
               none has come within ``wait_s``. An id that was never given out is the same.
    repeated   The same value of the same time is known already: nothing changes, however often.
    corrected  It contradicts the one before and is greater by (observed_at, value): it holds from now on.
    superseded It contradicts one that is greater, which goes on to hold, in whichever order they came.
    expired    The record started longer ago than windows are corrected (the horizon): it is not kept.
    refused    Not a truth at all, or of a trace that does not name one prediction: it is not kept, for a reason given.
    ========== ========================================================================================================

    One without a time was observed when it is told: told twice like that, the second is a truth of its own, later than
    the first. ``clock_ns`` tells nanoseconds since 1970.
    """

    def __init__(self, store: Store, *, wait_s: float, clock_ns: Callable[[], int]) -> None:
        self.counters = TruthCounters()
        self._store = store
        self._wait_ns = int(wait_s * 1e9)
        self._clock_ns = clock_ns
        self._writer = TruthWriter(store)

    async def add(self, request: AddTruthsRequest) -> AddTruthsResponse:
        """One outcome a truth; HallmarkError INVALID_ARGUMENT for too many, UNAVAILABLE where none is kept."""
        if len(request.truths) > MAX_TRUTHS:
            raise invalid("truths", f"at most {MAX_TRUTHS}", str(len(request.truths)))
        return AddTruthsResponse(outcomes=await self.tell(request.truths, "grpc"))

    async def tell(self, truths: Sequence[PredictionTruth], way: Way) -> list[TruthOutcome]:
        """What became of each, in their order; HallmarkError UNAVAILABLE where none is kept: tell them again."""
        now_ns = self._clock_ns()
        tried = [await self._tried(truth, now_ns) for truth in truths]
        kept = [one for one in tried if isinstance(one, TruthTold)]
        try:
            written = iter(await self._writer.write(kept) if kept else ())
        except HallmarkError:
            self.counters.truths["failed", way] += len(kept)
            raise
        outcomes = [
            TruthOutcome(outcome=next(written))
            if isinstance(one, TruthTold)
            else TruthOutcome(outcome="refused", reason=one)
            for one in tried
        ]
        self.counters.truths.update((outcome.outcome, way) for outcome in outcomes)
        return outcomes

    async def remove_waiting(self) -> None:
        """Remove truths whose prediction has not come in time; some at once, so that others get their turn."""
        before_ns = self._clock_ns() - self._wait_ns
        removed = TRUTHS_PER_REMOVAL
        while removed == TRUTHS_PER_REMOVAL:
            removed = await self._store.delete_waiting_truths(before_ns, TRUTHS_PER_REMOVAL)
            self.counters.truths["removed", ""] += removed

    async def drain(self) -> None:
        """Return once everything that was told is kept or has failed; the store may be closed then."""
        await self._writer.drain()

    async def _tried(self, truth: PredictionTruth, now_ns: int) -> TruthTold | str:
        """The truth of a prediction, or why it is refused."""
        try:
            told = checked(truth, now_ns)
            if is_trace_id(told.prediction):
                return TruthTold(await self._only_one_of(told.prediction), told.value, told.observed_ns)
        except RefusedError as refusal:
            return str(refusal)
        return told

    async def _only_one_of(self, trace_id: str) -> str:
        try:
            found = await self._store.predictions_of(trace_id, 2)
        except Exception:
            logger.exception("the store failed; truths are to be told again")
            raise store_failed() from None
        if not found:
            raise RefusedError(
                f"prediction_id: no record of trace {trace_id}; tell it again when there is one, or by prediction id"
            )
        if len(found) > 1:
            raise RefusedError(f"prediction_id: trace {trace_id} holds several predictions; tell it by prediction id")
        return found[0]
