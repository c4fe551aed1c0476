"""Spans as the services send them, and an engine on a real store whose clock the test turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark_common import attributes as a
from hallmark_qoa.assemble import Assembler
from hallmark_qoa.engine import Engine
from hallmark_qoa.stores.base import Batch, Change, Combine, Filter
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.watch import Watchers

T0_NS = 1_790_000_000 * 10**9
MS = 10**6
OUTCOMES = ("stored", "duplicate", "conflict", "over_cap")


def any_value(value: object) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
    raise TypeError(value)


class Otlp:
    """Makes OTLP spans; times are milliseconds after T0_NS."""

    SHAPES = (
        "ok",
        "fail-web",
        "fail-preprocess",
        "fail-inference",
        "no-web",
        "no-preprocess",
        "no-inference",
        "retry",
        "inference-only",
        "conflict",
    )

    def name(self, trace: int, entry: int) -> str:
        return f"{trace:032x}-{entry:016x}"

    def span(
        self,
        identity: str,
        span_id: int,
        parent: int,
        start_ms: float,
        end_ms: float,
        /,
        *,
        name: str = "span",
        kind: int = Span.SPAN_KIND_INTERNAL,
        service: str = "hallmark-web",
        **attributes: object,
    ) -> tuple[str, Span]:
        """One span and its service; attributes by the names of constants in hallmark_common.attributes."""
        values = {a.PREDICTION: identity, a.CONSUMER: "acme"}
        values.update({getattr(a, key.upper()): value for key, value in attributes.items()})
        span = Span(
            trace_id=bytes.fromhex(identity[:32]),
            span_id=span_id.to_bytes(8, "big"),
            parent_span_id=parent.to_bytes(8, "big") if parent else b"",
            name=name,
            kind=kind,
            start_time_unix_nano=T0_NS + int(start_ms * MS),
            end_time_unix_nano=T0_NS + int(end_ms * MS),
            attributes=[
                KeyValue(key=key, value=any_value(value)) for key, value in values.items() if value is not None
            ],
        )
        return service, span

    def request(self, spans: Iterable[tuple[str, Span]]) -> bytes:
        request = ExportTraceServiceRequest()
        for service, span in spans:
            resource = request.resource_spans.add()
            resource.resource.attributes.add(key="service.name", value=any_value(service))
            resource.scope_spans.add().spans.append(span)
        return request.SerializeToString()

    def prediction(self, trace: int = 1, entry: int = 0x10, shape: str = "ok") -> list[tuple[str, Span]]:
        """The spans of one prediction; ``entry`` and the 15 ids after it are used."""
        name = self.name(trace, entry)
        if shape == "inference-only":
            return self._inference(name, entry, 0)
        spans = self._web(name, entry, shape)
        if shape != "fail-web":
            spans += self._preprocess(name, entry, shape)
        if shape not in ("fail-web", "fail-preprocess"):
            spans += self._inference(
                name, entry + 8, entry + 3, status="INTERNAL" if shape == "fail-inference" else "OK"
            )
        if shape == "retry":
            spans += self._retried(name, entry)
        if shape == "conflict":
            spans.append(self.span(name, entry + 1, entry, 1, 95, kind=Span.SPAN_KIND_CLIENT, calls="preprocess"))
        gone = {"no-web": "hallmark-web", "no-preprocess": "hallmark-preprocess", "no-inference": "hallmark-inference"}
        return [(service, span) for service, span in spans if service != gone.get(shape)]

    def _web(self, name: str, entry: int, shape: str) -> list[tuple[str, Span]]:
        failures = {
            "fail-web": ("INVALID_ARGUMENT", "INVALID_INPUT"),
            "fail-preprocess": ("INVALID_ARGUMENT", "INVALID_INPUT"),
            "fail-inference": ("INTERNAL", "INTERNAL"),
        }
        status, reason = failures.get(shape, ("OK", None))
        web = self.span(
            name, entry, 0, 0, 100, name="Predict", kind=Span.SPAN_KIND_SERVER,
            stage="web", status=status, reason=reason, model="digits",
        )  # fmt: skip
        if shape == "fail-web":
            return [web]
        return [web, self.span(name, entry + 1, entry, 2, 90, kind=Span.SPAN_KIND_CLIENT, calls="preprocess")]

    def _preprocess(self, name: str, entry: int, shape: str) -> list[tuple[str, Span]]:
        service = "hallmark-preprocess"
        status = "INVALID_ARGUMENT" if shape == "fail-preprocess" else "OK"
        answered = shape not in ("fail-preprocess", "fail-inference")
        stage = self.span(
            name, entry + 2, entry + 1, 5, 85, kind=Span.SPAN_KIND_SERVER, service=service,
            stage="preprocess", status=status, model="digits", model_version="1", model_variant="default",
            data_instances=1, data_missing_ratio=0.25, data_violations=["range:1:distance", "category:2:a:b"],
            data_distance=1.5, data_values=['{"distance": 3}'],
            answer_kind="classes" if answered else None, answer_count=1 if answered else None,
            answer_labels=["7"], answer_confidences=[0.9], answer_entropies=[0.4],
        )  # fmt: skip
        decode = self.span(name, entry + 4, entry + 2, 6, 10, name="decode", service=service)
        if shape == "fail-preprocess":
            return [stage, decode]
        call = self.span(
            name, entry + 3, entry + 2, 20, 80, kind=Span.SPAN_KIND_CLIENT, service=service, calls="inference"
        )
        return [stage, decode, call]

    def _inference(self, name: str, span_id: int, parent: int, status: str = "OK") -> list[tuple[str, Span]]:
        service = "hallmark-inference"
        stage = self.span(
            name, span_id, parent, 25, 75, kind=Span.SPAN_KIND_SERVER, service=service, stage="inference",
            status=status, model="digits", model_version="1",
            queue_ms=0.5, batch_ms=0.25, compute_ms=40.0, batch_size=4,
        )  # fmt: skip
        return [stage, self.span(name, span_id + 1, span_id, 30, 70, name="compute", service=service)]

    def _retried(self, name: str, entry: int) -> list[tuple[str, Span]]:
        """A first try of preprocess that was UNAVAILABLE, ending later than the one that was OK."""
        return [
            self.span(name, entry + 12, entry, 1, 2, kind=Span.SPAN_KIND_CLIENT, calls="preprocess"),
            self.span(
                name,
                entry + 13,
                entry + 12,
                1.5,
                98,
                kind=Span.SPAN_KIND_SERVER,
                service="hallmark-preprocess",
                stage="preprocess",
                status="UNAVAILABLE",
            ),
        ]


class FailingStore(SqliteStore):
    """A SQLite store that can be told to fail."""

    fails = False

    async def commit(self, batch: Batch, combine: Combine) -> list[Change]:
        if self.fails:
            raise OSError("disk full")
        return await super().commit(batch, combine)


class Bench:
    """An engine on a SQLite file, with a clock to turn; can be stopped and started again."""

    store: FailingStore

    def __init__(self, path: Path, **options: float) -> None:
        self.now_s = 0.0
        self.path = path
        self.options = {"idle_timeout_s": 5.0, "max_pending_spans": 100_000, **options}
        self.watchers = Watchers(1000)

    async def start(self) -> None:
        self.store = await FailingStore.open(self.path)
        self.assembler = Assembler(**self.options)  # type: ignore[arg-type]  # of mixed types by design
        self.engine = Engine(self.store, self.assembler, self.watchers, clock=lambda: self.now_s)
        await self.engine.start()

    async def stop(self) -> None:
        await self.engine.drain()
        await self.store.close()

    async def kill(self) -> None:
        """As a crash leaves it: what was committed is there, and nothing else happens any more."""
        writer = self.engine._writer
        if writer is not None:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        await self.store.close()

    def unaccounted(self) -> int:
        """Spans received or replayed since the start of this engine of which it does not say what became."""
        spans = self.engine.counters.spans
        known = sum(count for outcome, count in spans.items() if outcome.startswith(("skipped.", *OUTCOMES)))
        return spans["received"] + spans["replayed"] - known - self.engine.pending_spans

    async def stored(self) -> list[bytes]:
        page = await self.store.page(Filter(), 1000)
        return sorted(record.SerializeToString(deterministic=True) for record in page.records)


@pytest.fixture(scope="session")
def otlp() -> Otlp:
    return Otlp()


@pytest.fixture(scope="session")
def bench() -> Callable[..., contextlib.AbstractAsyncContextManager[Bench]]:
    @contextlib.asynccontextmanager
    async def opened(path: Path, **options: float) -> AsyncIterator[Bench]:
        one = Bench(path, **options)
        await one.start()
        try:
            yield one
        finally:
            await one.stop()

    return opened
