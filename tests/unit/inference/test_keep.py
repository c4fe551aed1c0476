"""inference marks the traces whose run shows a breach of a contract, and says what each request cost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark_common import attributes
from hallmark_common.service import Runtime
from hallmark_common.settings import Settings
from hallmark_common.telemetry import Telemetry
from hallmark_inference.service import inference_service
from tests.support.promises import write_promise
from tests.support.waiting import eventually

INFER = "/inference.GRPCInferenceService/ModelInfer"
MODEL = "two-outputs"


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[InMemorySpanExporter]:
    """The service as it is run, its spans in memory."""
    telemetry = Telemetry("hallmark-inference", settings, span_exporter=None, metric_readers=())
    spans = InMemorySpanExporter()
    telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    runtime = Runtime("hallmark-inference", settings, telemetry)
    async with inference_service(runtime):
        yield spans
        await runtime.close()
    telemetry.shutdown()


def stages(spans: InMemorySpanExporter) -> list[Any]:
    """Attributes of the stage spans that have ended."""
    ended = [span.attributes or {} for span in spans.get_finished_spans()]
    return [facts for facts in ended if attributes.STAGE in facts]


@pytest.mark.parametrize(
    ("metric", "threshold_s", "is_kept"),
    [
        ("queue_time", 0.0, True),
        ("queue_time", 3600.0, False),
        ("compute_time", 0.0, True),
        ("compute_time", 3600.0, False),
    ],
)
async def test_a_run_slower_than_promised(
    models_dir: Path, free_port: int, tmp_path: Path, raw_request: Any, metric: str, threshold_s: float, is_kept: bool
) -> None:
    write_promise(tmp_path, metric, "<=", threshold_s, aggregate="p99", model=MODEL)
    settings = Settings(models_dir=models_dir, contracts_dir=tmp_path, inference_port=free_port, inference_threads=1)
    async with running(settings) as spans, grpc.aio.insecure_channel(f"127.0.0.1:{free_port}") as channel:
        call = channel.unary_unary(INFER, oip.ModelInferRequest.SerializeToString, oip.ModelInferResponse.FromString)
        await call(raw_request(MODEL, x=np.array([1, 2], np.float32)), wait_for_ready=True, timeout=20)
        (stage,) = await eventually(lambda: stages(spans))
    assert (attributes.KEEP in stage) is is_kept
    assert stage[attributes.CPU_MS] > 0
