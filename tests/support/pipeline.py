"""Services, collector, broker and engine, each a process that a test can kill, hang and start again.

Unlike ``hallmark stack``, in which the end of one part ends all, so that faults can be tried on each.
"""

import json
import logging
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli.stack.part import Part, Probe
from hallmark_cli.stack.parts.collector import collector
from hallmark_common.attributes import NAMESPACE
from hallmark_qoa.facts import decode_spans
from hallmark_qoa.stores.open import FILE_NAME
from tests.support.command import ROOT, environment, run_command
from tests.support.measured import Measured
from tests.support.parts import Broker, RunningPart, new_site, start_tied
from tests.support.prometheus import Prometheus
from tests.support.proxy import TcpProxy
from tests.support.waiting import until

logger = logging.getLogger(__name__)

SERVICES = {"inference": "inference_port", "preprocess": "preprocess_port", "web": "web_http_port"}
_QUICK = {"COLLECTOR_DECISION_WAIT": "1s"}
SETTLED_S = 90.0
PATIENCE_S = 30.0
"""What a caller gives a prediction; a machine that does other things too may stall for seconds."""
_ENDLESS_S = 3600.0
_ROWS = "SELECT prediction_id, record, spans FROM records"
_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)")


@dataclass(frozen=True)
class Stored:
    """What is in the store."""

    records: int
    traces: tuple[str, ...]
    """Trace ids of the complete records."""
    spans: Counter[int]
    """Records by their number of spans."""

    @property
    def complete(self) -> int:
        """Complete records."""
        return len(self.traces)

    @property
    def span_count(self) -> int:
        """Spans in all records."""
        return sum(count * records for count, records in self.spans.items())


class Load:
    """``hallmark replay`` in the background; without a duration, until it is asked for its result."""

    def __init__(self, environ: dict[str, str], model: str, rate: float, duration_s: float | None) -> None:
        command = [sys.executable, "-m", "hallmark_cli", "replay", model, "--rate", str(rate), "--json"]
        command += ["--duration", str(duration_s or _ENDLESS_S), "--timeout", str(PATIENCE_S)]
        self._is_endless = duration_s is None
        self._limit_s = (duration_s or 0) + 60
        self._process = start_tied(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def is_running(self) -> bool:
        """Whether it goes on."""
        return self._process.poll() is None

    def result(self) -> dict[str, Any]:
        """Wait for its end, or bring it about, and what it says of itself."""
        if self._is_endless:
            self._process.send_signal(signal.SIGINT)
        out, err = self._process.communicate(timeout=self._limit_s)
        assert out, err.decode()[-500:]
        return dict(json.loads(out))

    def done(self) -> int:
        """Wait for its end; how many predictions were made, of which none may have failed."""
        result = self.result()
        assert result["failed"] == {}, result
        assert result["ok"] == result["sent"] > 0
        return int(result["ok"])

    def kill(self) -> None:
        """Leave nothing of it running."""
        self._process.kill()
        self._process.communicate()


class Pipeline:
    """All of it on free ports, with its state in one folder."""

    publishing: TcpProxy
    """Between collector and broker."""
    consuming: TcpProxy
    """Between broker and engine."""
    collector: RunningPart
    services: Mapping[str, RunningPart]
    engine: RunningPart
    measured: Measured | None = None
    """What came of the last load, once that is known."""

    def __init__(
        self, folder: Path, *, collector_environ: Mapping[str, str] = _QUICK, impatient: bool = True, **settings: Any
    ) -> None:
        self._collector_environ = collector_environ
        self._alerts: list[str] = []
        self.site = new_site(folder / "site", **settings)
        self.broker = Broker(self.site)
        self.publishing = TcpProxy(self.broker.port)
        self.consuming = TcpProxy(self.broker.port)
        self.prometheus = Prometheus(self.site, impatient=impatient)

    @contextmanager
    def running(
        self, *, prometheus: bool = True, broker: bool = True, collector: bool = True, engine: bool = True
    ) -> Iterator["Pipeline"]:
        """Everything, but for what the test says that it starts itself; nothing of it runs afterwards."""
        with ExitStack() as stack:
            stack.enter_context(self.publishing)
            stack.enter_context(self.consuming)
            self._prepare()
            parts: list[tuple[Broker | RunningPart, bool]] = [
                (self.prometheus, prometheus),
                (self.broker, broker),
                (self.collector, collector),
                (self.engine, engine),
                *((service, True) for service in self.services.values()),
            ]
            for part, wanted in parts:
                stack.callback(part.end)
                if wanted:
                    part.start()
            yield self

    def _prepare(self) -> None:
        own = collector(self.site, tempo=True)
        environ = {
            **own.environ,
            "AMQP_ENDPOINT": f"amqp://127.0.0.1:{self.publishing.port}/hallmark",
            **self._collector_environ,
        }
        self.collector = RunningPart(replace(own, environ=environ), self.site.folder("log"))
        self.environ = self._environ()
        self.services = {name: self._service(name, port) for name, port in SERVICES.items()}
        self.engine = self._service("qoa", "qoa_port")

    def _environ(self) -> dict[str, str]:
        fields = self.site.settings.model_dump(mode="json", exclude_defaults=True)
        fields |= self.broker.settings_of_engine(port=self.consuming.port)
        fields["state_dir"] = str(self.site.folder("hallmark"))
        fields["metric_export_interval_s"] = "1"
        fields["models_dir"] = str(ROOT / "models")
        return {
            **environment(**{name: str(value) for name, value in fields.items()}),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.site.settings.otlp_grpc_port}",
        }

    def _service(self, name: str, port: str) -> RunningPart:
        command = (sys.executable, "-m", f"hallmark_{name}")
        part = Part(f"hallmark-{name}", command, Probe(getattr(self.site.settings, port)), self.environ)
        return RunningPart(part, self.site.folder("log"))

    @contextmanager
    def load(self, rate: float, duration_s: float | None = None, model: str = "digits") -> Iterator[Load]:
        """Predictions at a rate; without a duration they go on for as long as what is done meanwhile takes."""
        load = Load(self.environ, model, rate, duration_s)
        try:
            yield load
        finally:
            load.kill()

    def command(self, *arguments: str) -> str:
        """What a ``hallmark`` command says; it must not fail."""
        done = run_command(self.environ, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stored(self) -> Stored:
        """What is in the store by now."""
        rows = self._rows()
        records = [QualityRecord.FromString(record) for _, record, _ in rows]
        traces = tuple(record.trace_id for record in records if record.complete)
        spans = Counter(len(decode_spans(prediction, blob)) for prediction, _, blob in rows)
        return Stored(len(rows), traces, spans)

    def _rows(self) -> list[tuple[str, bytes, bytes]]:
        """Prediction id, record and spans of all that is in the store."""
        url, password_file = self.site.settings.qoa_store_url, self.site.settings.qoa_store_password_file
        if url and password_file:
            with psycopg.connect(url, password=password_file.read_text().strip()) as database:
                has_schema = database.execute("SELECT to_regclass('records')").fetchone() != (None,)
                return database.execute(_ROWS).fetchall() if has_schema else []
        file = self.site.folder("hallmark") / FILE_NAME
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute(_ROWS).fetchall()

    def until_stored(self, predictions: int, *, timeout_s: float = SETTLED_S) -> Stored:
        """Wait until so many complete records are there; they must be exactly so many."""
        until(lambda: self.stored().complete >= predictions, f"{predictions} complete records", timeout_s=timeout_s)
        found = self.stored()
        assert (found.records, found.complete) == (predictions, predictions)
        return found

    def until_more_stored(self, more: int) -> None:
        """Wait until so many more complete records are there."""
        enough = self.stored().complete + more
        until(lambda: self.stored().complete >= enough, f"{more} more records", timeout_s=SETTLED_S)

    def until_drained(self, timeout_s: float = SETTLED_S) -> None:
        """Wait until no queue of spans holds anything, ready or unacknowledged; each tells of itself after a while."""

        def drained() -> bool:
            held = self.broker.messages()
            return held.keys() >= {"dead", "unrouted"} and not _of_spans(held)

        until(drained, "all spans are consumed", timeout_s=timeout_s)

    def until_nothing_is_lost(self, predictions: int) -> Stored:
        """Wait for a complete record of every prediction, and until every span that was made is in one of them."""
        began_s = time.monotonic()
        self.until_stored(predictions)
        took_s = time.monotonic() - began_s
        self.until_drained()

        def accounted() -> bool:
            # A record is complete before its last span has come where one of them had to be sent again, and a
            # collector that has just been started hears of each service again with its next report.
            return self.spans_at_source("sent") == self.spans_at_source("made") == self.stored().span_count

        until(accounted, "every span that was made was sent and is stored", timeout_s=SETTLED_S)
        found = self.stored()
        assert (found.records, found.complete) == (predictions, predictions)
        assert self.spans_at_source("dropped") == 0
        assert len(found.spans) == 1, "every prediction makes as many spans"
        held = self.broker.messages()
        assert (held["dead"], held["unrouted"]) == (0, 0)
        self.measure(predictions, found, took_s)
        return found

    def measure(self, predictions: int, found: Stored, complete_s: float) -> None:
        """Take down what came of so many predictions."""
        self.measured = Measured(
            predictions=predictions,
            spans=int(self.spans_at_source("made")),
            records=found.complete,
            stored_spans=found.span_count,
            repeated_spans=int(self.collected("hallmark_qoa_spans_total", outcome="duplicate")),
            complete_s=round(complete_s, 1),
            alerts=tuple(self._alerts),
        )
        logger.info("%s", self.measured)

    def spans_at_source(self, outcome: str) -> float:
        """Spans that web, preprocess and inference made, sent or dropped."""
        return self.collected("hallmark_telemetry_spans_total", outcome=outcome)

    def every_service_reports(self) -> bool:
        """Whether the collector has heard of the spans of each of the three services since its start."""
        return all(self._made())

    def until_published(self, predictions: int) -> None:
        """Wait until the broker has confirmed every span; of each prediction a service makes as many."""

        def published() -> bool:
            made = self._made()
            is_whole = all(made) and not any(spans % predictions for spans in made)
            is_sent = self.spans_at_source("sent") == sum(made) <= self.confirmed()
            return is_whole and is_sent and self.queued_in_collector() == 0

        until(published, f"all spans of {predictions} predictions are published", timeout_s=SETTLED_S)

    def _made(self) -> list[float]:
        jobs = (f"{NAMESPACE}/hallmark-{name}" for name in SERVICES)
        return [self.collected("hallmark_telemetry_spans_total", outcome="made", job=job) for job in jobs]

    def confirmed(self) -> float:
        """Spans that the broker has confirmed to the collector."""
        return self.of_collector("otelcol_exporter_rabbitmq_confirmed_items", data_type="traces")

    def until_confirmed(self, more: int) -> None:
        """Wait until the broker has confirmed so many spans more."""
        enough = self.confirmed() + more
        until(lambda: self.confirmed() >= enough, f"{more} more spans are confirmed", timeout_s=SETTLED_S)

    def queued_in_collector(self) -> float:
        """Bytes that the collector keeps for the broker."""
        return self.of_collector("otelcol_exporter_queue_size", exporter="rabbitmq", data_type="traces")

    def queued_in_broker(self) -> int:
        """Messages in the queues of spans, ready or unacknowledged."""
        return _of_spans(self.broker.messages())

    def until_alert(self, name: str) -> None:
        """Wait until an alert fires; some conditions look back two minutes."""
        until(lambda: name in self.prometheus.alerts(), f"alert {name} fires", timeout_s=3 * SETTLED_S)
        if name not in self._alerts:
            self._alerts.append(name)

    def until_no_alert(self, name: str) -> None:
        """Wait until an alert does not fire, as one may for a moment while everything starts."""
        until(lambda: name not in self.prometheus.alerts(), f"alert {name} does not fire", timeout_s=SETTLED_S)

    def until_missing(self, spans: float) -> None:
        """Wait until Prometheus says that so many spans were sent and are not stored."""
        promql = 'hallmark:spans:total{point="sent"} - ignoring(point) hallmark:spans:total{point="stored"}'
        until(lambda: self.prometheus.value(promql) == spans, f"{spans} spans are missing", timeout_s=SETTLED_S)

    def until_counted(self, point: str, spans: float) -> None:
        """Wait until Prometheus has counted so many spans at a point of the way."""
        promql = f'hallmark:spans:total{{point="{point}"}}'
        until(lambda: self.prometheus.value(promql) == spans, f"{spans} spans {point}", timeout_s=SETTLED_S)

    def collected(self, name: str, **labels: str) -> float:
        """The sum of a metric of the services and the engine, as the collector has it by now."""
        return self._metric(self.site.settings.stack_collector_metrics_port, name, labels)

    def of_collector(self, name: str, **labels: str) -> float:
        """The sum of a metric of the collector's own."""
        return self._metric(self.site.settings.stack_collector_own_metrics_port, name, labels)

    def _metric(self, port: int, name: str, labels: dict[str, str]) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            samples = [_SAMPLE.match(line) for line in answer.read().decode().splitlines()]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(s["value"])
            for s in samples
            if s is not None and s["name"] == name and all(w in (s["labels"] or "") for w in wanted)
        )


def _of_spans(held: Mapping[str, int]) -> int:
    return sum(messages for queue, messages in held.items() if queue.startswith("spans."))
