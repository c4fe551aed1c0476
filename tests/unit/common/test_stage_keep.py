"""A stage that shows a breach marks its span, with all that it knows when it ends."""

import time
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from hallmark_common.interceptors.server import StageMethod
from hallmark_common.keep.rule import KeepRules, Rule
from hallmark_common.keep.samples import Ended
from hallmark_common.stage import Stages

EDGE = StageMethod("web", "test.v1.Test/Unary", edge=True)


class Seen:
    """Rules for model m that remember what they were asked of."""

    def __init__(self, broken: bool = False) -> None:
        self.ended: list[Ended] = []
        self.broken = broken
        self.rules = KeepRules(of_model={"m": (Rule(self._samples, lambda *_: self.broken, 0.0),)})

    def _samples(self, ended: Ended) -> tuple[float, ...]:
        self.ended.append(ended)
        return (1.0,)


def name_model(model: str = "m") -> None:
    trace.get_current_span().set_attribute(attributes.MODEL, model)


@pytest.mark.parametrize("broken", [True, False])
async def test_a_stage_is_marked_where_a_rule_is_broken(serve: Any, recorder: Any, broken: bool) -> None:
    seen = Seen(broken)

    async def handler(_request: Any, _context: Any) -> bytes:
        name_model()
        trace.get_current_span().set_attribute(attributes.QUEUE_MS, 1.5)
        return b""

    async with serve({"Unary": handler}, stage=EDGE) as pair:
        pair.interceptor.stages.rules = seen.rules
        await pair.unary()(b"", metadata=((attributes.CONSUMER_KEY, "shop"),))
        (span,) = await recorder.ended(SpanKind.SERVER)
    assert span.attributes.get(attributes.KEEP) is (True if broken else None)
    (ended,) = seen.ended
    assert ended.facts[attributes.STATUS] == "OK"
    assert ended.facts[attributes.CONSUMER] == "shop"
    assert ended.facts[attributes.QUEUE_MS] == 1.5
    assert ended.facts[attributes.CPU_MS] == span.attributes[attributes.CPU_MS]
    assert 0 < ended.own_s == ended.duration_s <= (span.end_time - span.start_time) / 1e9


@pytest.mark.parametrize("fails", [False, True])
async def test_own_time_is_without_the_calls_of_other_stages(serve: Any, recorder: Any, fails: bool) -> None:
    seen, held_s = Seen(), []

    async def inner(_request: Any, _context: Any) -> bytes:
        started_s = time.perf_counter()
        while time.perf_counter() < started_s + 0.02:
            pass
        held_s.append(time.perf_counter() - started_s)
        if fails:
            raise HallmarkError(grpc.StatusCode.NOT_FOUND, "NO", "no")
        return b""

    async with serve({"Unary": inner, "Other": inner}) as behind:

        async def outer(_request: Any, _context: Any) -> bytes:
            name_model()
            await behind.unary("Other")(b"") if not fails else None
            return bytes(await behind.unary()(b""))

        async with serve({"Unary": outer}, stage=EDGE) as pair:
            pair.interceptor.stages.rules = seen.rules
            call = pair.unary()(b"")
            await call.code()
            await recorder.ended(SpanKind.SERVER, 2 if fails else 3)
    (ended,) = seen.ended
    called_s = ended.duration_s - ended.own_s
    assert held_s[-1] <= called_s
    # What was called first is no stage.
    assert ended.own_s >= sum(held_s[:-1])


async def test_only_what_is_known_by_its_model_is_looked_at(serve: Any, recorder: Any) -> None:
    seen = Seen(broken=True)

    async def handler(request: bytes, _context: Any) -> bytes:
        if request:
            name_model(request.decode())
        return b""

    async with serve({"Unary": handler, "Other": handler}, stage=EDGE) as pair:
        pair.interceptor.stages.rules = seen.rules
        await pair.unary()(b"")
        await pair.unary()(b"another")
        await pair.unary("Other")(b"m")
        spans = await recorder.ended(SpanKind.SERVER, 3)
    assert seen.ended == []
    assert all(attributes.KEEP not in span.attributes for span in spans)


def test_a_message_of_a_stream_that_fails_is_marked(recorder: Any) -> None:
    stages = Stages(recorder.telemetry.tracer_provider.get_tracer("t"))
    stages.rules = Seen(broken=True).rules

    def fail() -> None:
        with stages.span("message", "web", "shop"):
            name_model()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    (span,) = recorder.spans()
    assert span.attributes[attributes.KEEP] is True
    assert span.attributes[attributes.STATUS] == "INTERNAL"
