"""qoa4ml from PyPI, in an environment of its own, reporting through its AMQP connector to the same broker."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pika
from pika.adapters.blocking_connection import BlockingChannel

from tests.support.command import ROOT
from tests.support.parts import Broker
from tests.support.waiting import until

HERE = Path(__file__).parent
VENV = ROOT / ".hallmark" / "bench" / "qoa4ml"
REQUIREMENTS = HERE / "qoa4ml_requirements.txt"
EXCHANGE = QUEUE = "bench.qoa4ml"
REPORTS = {"documented": 300, "one_connection": 3000}
"""Reports a round by how they are sent; see qoa4ml_reports.py."""

RUN_S = 120.0


def install() -> Path:
    """Its environment, made once for these requirements; the interpreter in it."""
    python, stamp = VENV / "bin" / "python", VENV / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", REQUIREMENTS], check=True)
        shutil.copy(REQUIREMENTS, stamp)
    return python


def version() -> str:
    """The pinned one."""
    (line,) = (line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("qoa4ml=="))
    return line.partition("==")[2]


def reports(broker: Broker, python: Path, variant: str) -> dict[str, float]:
    """Reports a second, sent by one process and counted as they arrive."""
    count = REPORTS[variant]
    with _arrivals(broker) as arrived:
        command = [python, HERE / "qoa4ml_reports.py", str(count), str(broker.port), "operator", "hallmark"]
        password = broker.password_file("operator").read_text()
        done = subprocess.run(
            [*command, EXCHANGE, "bench", variant],
            input=password, capture_output=True, text=True, timeout=RUN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        until(lambda: len(arrived) >= count, "every report has arrived", timeout_s=10)
    took = json.loads(done.stdout.splitlines()[-1])
    return {"reports_per_second": count / took["seconds"], "reports_per_cpu_second": count / took["cpu_seconds"]}


@contextmanager
def _arrivals(broker: Broker) -> Iterator[list[int]]:
    """The sizes of the reports that arrive."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url("operator")))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, "topic")
    channel.queue_declare(QUEUE)
    channel.queue_bind(QUEUE, EXCHANGE, "#")
    found: list[int] = []
    consumer = threading.Thread(target=_consume, args=(channel, found))
    consumer.start()
    try:
        yield found
    finally:
        connection.add_callback_threadsafe(channel.stop_consuming)
        consumer.join()
        channel.queue_delete(QUEUE)
        channel.exchange_delete(EXCHANGE)
        connection.close()


def _consume(channel: BlockingChannel, found: list[int]) -> None:
    def keep(_channel: BlockingChannel, _method: object, _properties: object, body: bytes) -> None:
        found.append(len(body))

    channel.basic_consume(QUEUE, keep, auto_ack=True)
    channel.start_consuming()
