"""OpenTelemetry set-up: one tracer provider and one meter provider a process.

The standard ``OTEL_EXPORTER_OTLP_*`` and ``OTEL_RESOURCE_ATTRIBUTES`` variables apply; without an endpoint of theirs,
telemetry goes to the QoA engine's own OTLP port.
"""

import logging
import os
import uuid
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from opentelemetry import metrics as metrics_api
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from hallmark_common import attributes
from hallmark_common.export import BoundedSpanProcessor, SpanStats
from hallmark_common.prediction import IdentityProcessor
from hallmark_common.settings import Settings

QOA = "hallmark-qoa"
EXPORT_TIMEOUT_S = 2.0
"""Of one try. The processor tries again itself, so the exporter need not."""


class Telemetry:
    """The providers of one process; :meth:`shutdown` flushes them."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        span_exporter: SpanExporter | None,
        metric_readers: Sequence[MetricReader],
    ) -> None:
        resource = _resource(name)
        self.tracer_provider = TracerProvider(
            sampler=ALWAYS_ON if settings.telemetry else ALWAYS_OFF, resource=resource, shutdown_on_exit=False
        )
        self.meter_provider = MeterProvider(metric_readers, resource, shutdown_on_exit=False)
        self._spans: BoundedSpanProcessor | None = None
        if span_exporter is not None:
            self._spans = BoundedSpanProcessor(
                span_exporter, queue_size=settings.span_queue_size, interval_s=settings.span_export_interval_s
            )
            self.tracer_provider.add_span_processor(IdentityProcessor())
            self.tracer_provider.add_span_processor(self._spans)
        self._meter = self.meter_provider.get_meter(attributes.NAMESPACE)
        self._meter.create_observable_counter(
            attributes.METRIC_SPANS, [self._observe], "{span}", attributes.METRICS[attributes.METRIC_SPANS].description
        )

    def install(self) -> None:
        """Make these the providers that :mod:`opentelemetry` hands out."""
        trace.set_tracer_provider(self.tracer_provider)
        metrics_api.set_meter_provider(self.meter_provider)

    def stats(self) -> SpanStats:
        """What became of the spans of this process."""
        return self._spans.stats() if self._spans is not None else SpanStats(0, 0, 0)

    def shutdown(self, timeout_ms: int = 5_000) -> None:
        """Flush spans, then metrics; bounded in time even where nobody receives."""
        if self._spans is not None:
            self._spans.shutdown(timeout_ms)
        self.meter_provider.shutdown(timeout_ms)

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        stats = self.stats()
        yield Observation(stats.made, {"outcome": "made"})
        yield Observation(stats.sent, {"outcome": "sent"})
        for reason, count in stats.dropped.items():
            yield Observation(count, {"outcome": "dropped", "reason": reason})


def make_telemetry(name: str, settings: Settings) -> Telemetry:
    """Telemetry of a service process, sent over OTLP/gRPC; none where ``HALLMARK_TELEMETRY`` is off."""
    # Where no endpoint is set the engine is the receiver: it would only hear of itself.
    if not settings.telemetry or (name == QOA and not _is_set("TRACES")):
        return Telemetry(name, settings, span_exporter=None, metric_readers=())
    # The exporters report each failed try; the processor says once that nobody receives, and once that it flows again.
    logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter").setLevel(logging.CRITICAL)
    engine = f"http://{settings.host}:{settings.otlp_grpc_port}"
    spans = OTLPSpanExporter(endpoint=None if _is_set("TRACES") else engine, timeout=EXPORT_TIMEOUT_S)
    metrics = OTLPMetricExporter(endpoint=None if _is_set("METRICS") else engine, timeout=EXPORT_TIMEOUT_S)
    reader = PeriodicExportingMetricReader(metrics, settings.metric_export_interval_s * 1000)
    return Telemetry(name, settings, span_exporter=spans, metric_readers=[reader])


def _is_set(signal: str) -> bool:
    """Whether the environment says where a signal goes."""
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT") for part in ("", f"{signal}_"))


def _resource(name: str) -> Resource:
    return Resource.create(
        {
            "service.name": name,
            "service.namespace": attributes.NAMESPACE,
            "service.version": version("hallmark"),
            "service.instance.id": str(uuid.uuid4()),
        }
    )
