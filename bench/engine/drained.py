"""The engine as a process of its own that drains RabbitMQ's queues into its store."""

import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pika
import psutil

from bench.engine.traffic import Message
from tests.support.command import ROOT, environment
from tests.support.parts import Broker
from tests.support.ports import free_port_settings

FILE_NAME = "qoa.sqlite3"
POLL_S = 0.02
PATIENCE_S = 120.0
_TYPE = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"


def publish(broker: Broker, sent: Sequence[Message]) -> None:
    """Put batches into the queues as the collector does."""
    with pika.BlockingConnection(pika.URLParameters(broker.url("collector"))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for message in sent:
            properties = pika.BasicProperties(
                content_type="application/x-protobuf",
                delivery_mode=2,
                message_id=str(uuid.uuid4()),
                timestamp=int(time.time()),
                type=_TYPE,
                app_id="bench",
                headers={"hallmark-shard": message.shard, "hallmark-spans": message.spans},
            )
            channel.basic_publish("hallmark.telemetry", f"spans.{message.shard:02}", message.body, properties)


def drain(
    broker: Broker, folder: Path, sent: Sequence[Message], predictions: int, *, profile: Path | None = None
) -> dict[str, float]:
    """Publish, start an engine, and see how fast records appear between the first and the last of them."""
    publish(broker, sent)
    folder.mkdir(parents=True)
    spans = sum(message.spans for message in sent) / predictions
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(_command(profile), cwd=ROOT, env=_environ(broker, folder), stdout=log, stderr=log)
    try:
        engine = psutil.Process(process.pid)
        first = _seen(engine, folder / FILE_NAME, 1, POLL_S)
        last = _seen(engine, folder / FILE_NAME, predictions, POLL_S)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0, (folder / "log").read_text()[-2000:]
    finally:
        process.kill()
        process.wait()
    done = (last["records"] - first["records"]) * spans
    return {
        "spans_per_second": done / (last["wall_s"] - first["wall_s"]),
        "spans_per_cpu_second": done / (last["cpu_s"] - first["cpu_s"]),
        "resident_mib": last["resident_mib"],
    }


def _command(profile: Path | None) -> list[str]:
    module = ["-m", "hallmark_qoa"] if profile is None else ["-m", "bench.engine.sampled", str(profile)]
    return [sys.executable, *module]


def _environ(broker: Broker, folder: Path) -> dict[str, str]:
    ports = {name: str(port) for name, port in free_port_settings().items()}
    settings = {**ports, **broker.settings_of_engine(), "state_dir": str(folder), "telemetry": "false"}
    return environment(**settings)


def _seen(engine: psutil.Process, file: Path, records: int, poll_s: float) -> dict[str, float]:
    """Wait until there are so many records; what the engine has used by then."""
    end_s = time.monotonic() + PATIENCE_S
    while (count := _records(file)) < records:
        assert time.monotonic() < end_s, f"{count} of {records} records after {PATIENCE_S:g} s"
        time.sleep(poll_s)
    user, system, *_ = engine.cpu_times()
    return {
        "records": count,
        "wall_s": time.perf_counter(),
        "cpu_s": user + system,
        "resident_mib": engine.memory_info().rss / 2**20,
    }


def _records(file: Path) -> int:
    """Rows are only ever added here, so the highest number of one is their count, and costs nothing to find."""
    if not file.exists():
        return 0
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM records").fetchone()[0])
    except sqlite3.OperationalError:  # before its schema is there
        return 0
    finally:
        connection.close()
