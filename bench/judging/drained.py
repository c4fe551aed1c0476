"""An engine as a process of its own that drains RabbitMQ, until every window is folded and judged."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.engine.drained import FILE_NAME, publish
from bench.engine.traffic import Message
from bench.judging.cpu import of_all
from tests.support.command import ROOT, environment
from tests.support.parts import Broker
from tests.support.ports import free_port_settings

POLL_S = 0.05
PATIENCE_S = 300.0

_RECORDS = "SELECT coalesce(max(rowid), 0) FROM records"
"""Rows are only ever added here, so the highest number of one is their count, and costs nothing to find."""

_MARKS = "SELECT count(*) FROM marks WHERE start_ns < ?"


@dataclass(frozen=True, slots=True)
class Load:
    """What an engine is given."""

    sent: Sequence[Message]
    predictions: int
    after: Sequence[Message]
    """One of each consumer and model, a day later, sent when all else is stored: then every window before is over."""
    after_ns: int
    """No window of these starts before, nanoseconds since 1970."""
    series: int
    """How many they are."""

    @property
    def spans(self) -> int:
        """Without those that are sent after."""
        return sum(message.spans for message in self.sent)


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine, and its store."""

    process: psutil.Process
    file: Path

    def used(self) -> dict[str, float]:
        """Clock, processor time and resident memory, with those of the process in which its policy judges."""
        used_s, memory = of_all(self.process)
        return {"wall_s": time.perf_counter(), "cpu_s": used_s, "resident_mib": memory}

    def asked(self, statement: str, *parameters: int) -> list[Any] | None:
        """The rows of a question to the store; None before its schema is there."""
        if not self.file.exists():
            return None
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return connection.execute(statement, parameters).fetchall()
        except sqlite3.OperationalError:
            return None
        finally:
            connection.close()

    def records(self) -> int | None:
        """How many there are; None before the schema of its store is there."""
        return self._number(_RECORDS)

    def until_records(self, count: int) -> dict[str, float]:
        """Wait for so many; what was used by then."""
        return self._until(lambda: (self.records() or 0) >= count, f"{count} records")

    def until_judged(self, before_ns: int) -> dict[str, float]:
        """Wait until no window that starts before a time is to be folded or judged; what was used by then."""
        return self._until(lambda: self._number(_MARKS, before_ns) == 0, "every window to be judged")

    def _number(self, statement: str, *parameters: int) -> int | None:
        rows = self.asked(statement, *parameters)
        return None if rows is None else int(rows[0][0])

    def _until(self, is_so: Any, what: str) -> dict[str, float]:
        end_s = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.status() != psutil.STATUS_ZOMBIE, f"the engine ended: {log_of(self.file.parent)}"
            assert time.monotonic() < end_s, f"waited {PATIENCE_S:g} s for {what}: {log_of(self.file.parent)}"
            time.sleep(POLL_S)
        return self.used()


@contextmanager
def running_engine(broker: Broker, folder: Path, profile: Path | None = None, **settings: str) -> Iterator[Engine]:
    """Start an engine on a store in a folder, and end it in order."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: str(port) for name, port in free_port_settings().items()}
    given = {**ports, **broker.settings_of_engine(), "state_dir": str(folder), "telemetry": "false", **settings}
    module = ["hallmark_qoa"] if profile is None else ["bench.engine.sampled", str(profile)]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", *module]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(**given), stdout=log, stderr=log)
    try:
        yield Engine(psutil.Process(process.pid), folder / FILE_NAME)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0, log_of(folder)
    finally:
        process.kill()
        process.wait()


def drain(
    broker: Broker, folder: Path, load: Load, *, judged: bool, profile: Path | None = None, **settings: str
) -> dict[str, Any]:
    """Publish, start an engine, and see what it takes from the first record to the last, or to the last verdict."""
    publish(broker, load.sent)
    with running_engine(broker, folder, profile, **settings) as engine:
        first = engine.until_records(1)
        stored = engine.until_records(load.predictions)
        if not judged:
            return {**_rates(load, first, stored), **_counted(engine)}
        publish(broker, load.after)
        engine.until_records(load.predictions + load.series)
        done = engine.until_judged(load.after_ns)
        stored_rate = load.spans / (stored["wall_s"] - first["wall_s"])
        return {**_rates(load, first, done), "stored_spans_per_second": stored_rate, **_counted(engine)}


def _rates(load: Load, first: dict[str, float], done: dict[str, float]) -> dict[str, float]:
    cpu_s = done["cpu_s"] - first["cpu_s"]
    return {
        "spans_per_second": load.spans / (done["wall_s"] - first["wall_s"]),
        "spans_per_cpu_second": load.spans / cpu_s,
        "cpu_us_per_span": cpu_s / load.spans * 1e6,
        "resident_mib": done["resident_mib"],
    }


def _counted(engine: Engine) -> dict[str, Any]:
    """What is in the store."""
    windows = engine.asked("SELECT size_s, count(*) FROM windows GROUP BY size_s") or []
    (folds,) = (engine.asked("SELECT count(*) FROM folds") or [[0]])[0]
    (verdicts,) = (engine.asked("SELECT count(*) FROM verdicts") or [[0]])[0]
    (violated,) = (engine.asked("SELECT count(*) FROM verdicts WHERE slice = 'bad'") or [[0]])[0]
    counts = {"folds": folds, "verdicts": verdicts, "violated": violated}
    return {"windows": {str(size_s): count for size_s, count in windows}, **counts}


def log_of(folder: Path) -> str:
    """The end of what an engine said."""
    return (folder / "log").read_text()[-2000:]
