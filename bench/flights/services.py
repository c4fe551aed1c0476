"""Calls of a study: predictions by several callers at once, truths, reports."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.preprocess.v1.preprocess_pb2 import Input
from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, GetReportRequest, PredictionTruth
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark.qoa.v1.quality_pb2 import Truth
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark.web.v1.web_pb2 import PredictRequest, PredictResponse
from hallmark.web.v1.web_pb2_grpc import PredictionServiceStub
from hallmark_common.attributes import CONSUMER_KEY
from hallmark_common.feedback import MAX_TRUTHS
from hallmark_common.settings import Settings

TIMEOUT_S = 60.0
MODEL = "flights"
POLL_S = 0.15
FEW = ("record_completeness",)
"""Figures, where only verdicts are wanted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One prediction to be asked for; its event in nanoseconds since 1970."""

    row: dict[str, object]
    event_ns: int
    version: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The truth of one prediction, and when it became known, nanoseconds since 1970."""

    prediction_id: str
    value: str
    observed_ns: int


@dataclass
class Calls:
    """What was called so far."""

    latencies_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    truths: Counter[str] = field(default_factory=Counter)
    """By their outcome."""


class Services:
    """Open channels to a running stack, in the name of one consumer."""

    def __init__(self, settings: Settings, consumer: str) -> None:
        self.calls = Calls()
        self.consumer = consumer
        options = [("grpc.max_receive_message_length", 2**30)]
        self._web = grpc.aio.insecure_channel(settings.target("web"))
        self._qoa = grpc.aio.insecure_channel(settings.target("qoa"), options=options)
        self._predict = PredictionServiceStub(self._web).Predict
        self.qoa = QoaServiceStub(self._qoa)

    async def __aenter__(self) -> "Services":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._web.close()
        await self._qoa.close()

    async def predict_all(self, asked: Sequence[Asked], callers: int) -> list[str | None]:
        """Prediction ids in order, None of those that failed; so many callers with one request each under way."""
        found: list[str | None] = [None] * len(asked)
        waiting = iter(enumerate(asked))

        async def caller() -> None:
            for index, one in waiting:
                answer = await self.predict(one)
                found[index] = answer.prediction_id if answer is not None else None

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(callers, len(asked))):
                tasks.create_task(caller())
        return found

    async def predict(self, asked: Asked) -> PredictResponse | None:
        """The answer; None where it failed, which is counted."""
        request = PredictRequest(model=MODEL, version=asked.version, input=Input(json=json.dumps([asked.row]).encode()))
        request.event_time.FromNanoseconds(asked.event_ns)
        started_s = time.perf_counter()
        try:
            answer = await self._predict(request, timeout=TIMEOUT_S, metadata=((CONSUMER_KEY, self.consumer),))
        except grpc.aio.AioRpcError as error:
            self.calls.failed[error.code().name] += 1
            return None
        self.calls.latencies_ms.append((time.perf_counter() - started_s) * 1e3)
        return answer

    async def tell(self, known: Iterable[Known]) -> None:
        """Tell truths."""
        truths = [PredictionTruth(prediction_id=one.prediction_id, truth=_truth(one)) for one in known]
        for start in range(0, len(truths), MAX_TRUTHS):
            request = AddTruthsRequest(truths=truths[start : start + MAX_TRUTHS])
            answer = await self.qoa.AddTruths(request, timeout=TIMEOUT_S)
            self.calls.truths.update(outcome.outcome for outcome in answer.outcomes)

    async def windows(
        self, size_s: int, from_s: int, before_s: int, *, figures: Sequence[str] = FEW
    ) -> list[WindowReport]:
        """Windows of the consumer in a stretch of event time, seconds since 1970."""
        request = GetReportRequest(
            consumer=self.consumer, model=MODEL, window_s=size_s, limit=10_000, figures=figures, before=at(before_s)
        )
        getattr(request, "from").CopyFrom(at(from_s))
        answer = await self.qoa.GetReport(request, timeout=TIMEOUT_S)
        return list(answer.windows)

    async def windows_once(
        self,
        come: Callable[[Sequence[WindowReport]], bool],
        size_s: int,
        from_s: int,
        before_s: int,
        *,
        figures: Sequence[str] = FEW,
        timeout_s: float = TIMEOUT_S,
    ) -> list[WindowReport]:
        """The same, once they have come to what is waited for; TimeoutError with what there is."""
        end_s = time.monotonic() + timeout_s
        while not come(windows := await self.windows(size_s, from_s, before_s, figures=figures)):
            if time.monotonic() > end_s:
                found = [(window.count, window.completeness, window.closed) for window in windows]
                raise TimeoutError(f"{self.consumer}: not within {timeout_s:g} s: {found}")
            await asyncio.sleep(POLL_S)
        return windows


def judged(windows: Sequence[WindowReport]) -> bool:
    """Whether nothing is left to be done about windows, given that nothing more is sent."""
    return bool(windows) and all(window.closed for window in windows)


def at(seconds: int) -> Timestamp:
    """A time in seconds since 1970."""
    return Timestamp(seconds=seconds)


def _truth(known: Known) -> Truth:
    truth = Truth(value=known.value)
    truth.observed_at.FromNanoseconds(known.observed_ns)
    return truth
