"""The truths of what was replayed, told to the engine beside the replay."""

import asyncio
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, PredictionTruth

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

PORTION = 1000
PAUSE_S = 0.5


class Truths:
    """Tells the engine what really happened with predictions that have been answered, some at once."""

    def __init__(self, stub: "QoaServiceAsyncStub", timeout_s: float) -> None:
        self.outcomes: Counter[str] = Counter()
        """What became of them, by outcome."""
        self._stub = stub
        self._timeout_s = timeout_s
        self._waiting: deque[PredictionTruth] = deque()

    def add(self, prediction_id: str, value: str) -> None:
        """One more to tell; it was observed when it is told."""
        truth = PredictionTruth(prediction_id=prediction_id)
        truth.truth.value = value
        self._waiting.append(truth)

    async def run(self) -> None:
        """Tell until it is cancelled; grpc.aio.AioRpcError where the engine does not take them."""
        while True:
            await self.tell()
            await asyncio.sleep(PAUSE_S)

    async def tell(self) -> None:
        """Tell all that wait."""
        while self._waiting:
            some = list(islice(self._waiting, PORTION))  # left there until they are told: this may be cancelled
            answer = await self._stub.AddTruths(AddTruthsRequest(truths=some), timeout=self._timeout_s)
            for _ in some:
                self._waiting.popleft()
            self.outcomes.update(outcome.outcome for outcome in answer.outcomes)
