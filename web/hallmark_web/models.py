"""What models there are, as preprocess tells, remembered for a moment."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import grpc

from hallmark.preprocess.v1.preprocess_pb2 import ListModelsRequest, ModelDescription
from hallmark_web.downstream import downstream_error

if TYPE_CHECKING:
    from hallmark.preprocess.v1.preprocess_pb2_grpc import PreprocessServiceAsyncStub

LIFETIME_S = 3.0


class ModelCatalogue:
    """The descriptions of all models, at most ``LIFETIME_S`` old."""

    def __init__(
        self, preprocess: "PreprocessServiceAsyncStub", timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._preprocess = preprocess
        self._timeout_s = timeout_s
        self._clock = clock
        self._known: Sequence[ModelDescription] = ()
        self._until_s = 0.0
        self._asking = asyncio.Lock()

    async def list(self) -> Sequence[ModelDescription]:
        """All models in order of name; :class:`HallmarkError` where preprocess does not answer."""
        async with self._asking:
            if self._clock() >= self._until_s:
                self._known = await self._ask()
                self._until_s = self._clock() + LIFETIME_S
            return self._known

    async def _ask(self) -> Sequence[ModelDescription]:
        try:
            answer = await self._preprocess.ListModels(ListModelsRequest(), timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            raise downstream_error(error, "preprocess") from error
        return tuple(answer.models)
