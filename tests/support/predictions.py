"""Made-up predictions of a table model: their spans as the services send them, and the model and contracts they fit."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark_common import attributes as a

T0_NS = 1_790_000_040 * 10**9
"""A time that is the start of a window of 10 s and of one minute."""
S = 10**9
MS = 10**6

Attributes = dict[str, bool | int | float | str | list[str] | list[float]]
Sent = tuple[str, Span]
"""A service and a span of it."""

MODEL = {
    "input": {
        "kind": "table",
        "columns": [
            {"name": "size", "dtype": "number"},
            {"name": "kind", "dtype": "category", "categories": ["a", "b"], "encode": "one_hot"},
        ],
    },
    "output": {"kind": "probability", "label": "late", "negative_label": "on time"},
    "segments": [{"name": "kind", "column": "kind"}],
}


@dataclass(frozen=True)
class Made:
    """One prediction; times of its stages are what each took by itself."""

    number: int
    start_ns: int = T0_NS
    consumer: str = "acme"
    model: str = "m"
    version: str = "1"
    variant: str = "default"
    web_ms: int = 10
    preprocess_ms: int = 10
    inference_ms: int = 10
    status: str = "OK"
    kind: str | None = "a"
    size: float = 1.0
    late: float = 0.9
    """The probability that it answers."""
    violation: str = ""
    event_ns: int | None = None
    lost: Literal["", "web", "preprocess", "inference"] = ""
    """The stage whose telemetry never comes."""
    preprocess_skew_s: float = 0.0
    """How far the clock of preprocess is ahead of web's."""
    inference_skew_s: float = 0.0

    @property
    def prediction(self) -> str:
        """Its id."""
        return f"{self.number:032x}-{self._id(0)}"

    @property
    def label(self) -> str:
        """What it answers."""
        return "late" if self.late >= 0.5 else "on time"

    def span_id(self, stage: str) -> str:
        """Span id of a stage."""
        return self._id({"web": 0, "preprocess": 2, "inference": 4}[stage])

    @property
    def spans(self) -> list[Sent]:
        """What its services send, web first."""
        inner_ms = self.inference_ms
        middle_ms = inner_ms + self.preprocess_ms
        said: Attributes = {a.MODEL: self.model, a.STATUS: self.status}
        answered: Attributes = said | {a.MODEL_VERSION: self.version, a.MODEL_VARIANT: self.variant}
        event: Attributes = {} if self.event_ns is None else {a.EVENT_TIME: self.event_ns}
        web, preprocess, inference = 0.0, self.preprocess_skew_s, self.inference_skew_s
        made = [
            self._span("web", 0, None, middle_ms + self.web_ms, web, said | event | {a.STAGE: "web", a.CPU_MS: 1.5}),
            self._span("web", 1, 0, middle_ms, web, {a.CALLS: "preprocess"}),
            self._span("preprocess", 2, 1, middle_ms, preprocess, answered | self._facts()),
            self._span("preprocess", 3, 2, inner_ms, preprocess, {a.CALLS: "inference"}),
            self._span("inference", 4, 3, inner_ms, inference, answered | {a.STAGE: "inference", a.QUEUE_MS: 1.0}),
        ]
        return [(service, span) for service, span in made if service != f"hallmark-{self.lost}"]

    def _facts(self) -> Attributes:
        facts: Attributes = {
            a.STAGE: "preprocess",
            a.DATA_INSTANCES: 1,
            a.DATA_MISSING_RATIO: 0.0 if self.kind else 0.5,
            a.DATA_VALUES: [json.dumps({"size": self.size, "kind": self.kind})],
            a.DATA_VIOLATIONS: [f"{self.violation}:1:size"] if self.violation else [],
        }
        if self.status != "OK":
            return facts
        answer: Attributes = {
            a.ANSWER_KIND: "probability",
            a.ANSWER_COUNT: 1,
            a.ANSWER_LABELS: [self.label],
            a.ANSWER_CONFIDENCES: [max(self.late, 1 - self.late)],
            a.ANSWER_ENTROPIES: [0.5],
            a.ANSWER_VALUES: [self.late],
        }
        return facts | answer

    def _id(self, place: int) -> str:
        return f"{self.number * 16 + place + 1:016x}"

    def _span(
        self, stage: str, place: int, parent: int | None, took_ms: int, skew_s: float, values: Attributes
    ) -> Sent:
        start_ns = self.start_ns + int(skew_s * S) + place * MS
        values = {a.PREDICTION: self.prediction, a.CONSUMER: self.consumer, **values}
        span = Span(
            trace_id=bytes.fromhex(self.prediction[:32]),
            span_id=bytes.fromhex(self._id(place)),
            parent_span_id=b"" if parent is None else bytes.fromhex(self._id(parent)),
            name=stage,
            kind=Span.SPAN_KIND_CLIENT if a.CALLS in values else Span.SPAN_KIND_SERVER,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + took_ms * MS,
            attributes=[KeyValue(key=key, value=_any(value)) for key, value in values.items()],
        )
        return f"hallmark-{stage}", span


def request_of(spans: Iterable[Sent]) -> bytes:
    """One export request, serialized."""
    request = ExportTraceServiceRequest()
    for service, span in spans:
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name", value=_any(service))
        resource.scope_spans.add().spans.append(span)
    return request.SerializeToString()


def some(random: Random, count: int, *, seconds: int, models: Sequence[str], consumers: Sequence[str]) -> list[Made]:
    """Predictions of all kinds, in the order in which they were asked for, all within some seconds from T0_NS on."""
    starts = sorted(random.randrange(seconds * 1000) for _ in range(count))
    return [
        Made(
            number,
            T0_NS + start_ms * MS,
            consumer=random.choice(consumers),
            model=random.choice(models),
            version=random.choice("112"),
            variant=random.choice(("default", "default", "canary")),
            web_ms=random.choice((5, 10, 40)),
            preprocess_ms=random.choice((5, 10, 80)),
            inference_ms=random.choice((5, 10, 20)),
            status=random.choice(("OK",) * 9 + ("UNAVAILABLE",)),
            kind=random.choice(("a", "a", "b", None)),
            size=random.gauss(0, 1),
            late=random.random(),
            violation=random.choice(("", "", "", "range")),
            event_ns=T0_NS + random.randrange(seconds) * S if random.random() < 0.1 else None,
            lost=random.choice(("",) * 15 + ("web", "preprocess", "inference")),
        )
        for number, start_ms in enumerate(starts, start=1)
    ]


def write_model(folder: Path, name: str = "m") -> None:
    """Declare the model in a folder of models."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "model.yaml").write_text(json.dumps({"name": name, **MODEL}))


def objective(name: str, metric: str, operator: str, threshold: float, **more: Any) -> dict[str, Any]:
    """An objective on windows of 10 s that wants few samples, unless told otherwise."""
    return {
        "name": name, "metric": metric, "operator": operator, "threshold": threshold, "window": "10s", "least_count": 1,
        **more,
    }  # fmt: skip


def write_contract(folder: Path, objectives: Sequence[dict[str, Any]], *, name: str = "deal", **more: Any) -> Path:
    """Write a contract on model m with every consumer, unless told otherwise; JSON is YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"name": name, "consumer": "*", "model": {"name": "m"}, "objectives": list(objectives), **more}
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(document))
    return path


def _any(value: object) -> AnyValue:
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
            return AnyValue(array_value=ArrayValue(values=map(_any, value)))
    raise TypeError(value)
