"""What our collector does when the file of a queue is damaged, as a machine that loses its power may leave it."""

import re
from pathlib import Path

import httpx
import pytest

from hallmark_cli.stack.parts.collector import collector
from tests.support.amqp import batch
from tests.support.parts import RunningPart, new_site

QUEUE = "exporter_rabbitmq__traces"
META_BYTES = 2 * 4096
"""The two pages of a bbolt file that say where all others are."""


@pytest.fixture
def running(tmp_path: Path) -> RunningPart:
    """A collector without a broker: what it takes stays on its disk."""
    return RunningPart(collector(new_site(tmp_path), tempo=False), tmp_path)


def _take(running: RunningPart) -> None:
    port = running.part.environ["COLLECTOR_OTLP_HTTP_PORT"]
    headers = {"content-type": "application/x-protobuf"}
    body = batch("a", spans=100).SerializeToString()
    httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=body, headers=headers, timeout=10).raise_for_status()


def test_a_queue_that_cannot_be_read_is_put_aside_and_a_new_one_is_begun(running: RunningPart) -> None:
    with running:
        _take(running)
    queue = Path(running.part.environ["COLLECTOR_STORAGE"]) / QUEUE
    whole = queue.read_bytes()
    damaged = whole[:META_BYTES] + bytes(len(whole) - META_BYTES)
    queue.write_bytes(damaged)

    with running:
        _take(running)

    (aside,) = queue.parent.glob(f"{QUEUE}.*.backup")
    assert aside.read_bytes() == damaged
    assert re.search(r"corruption.*" + QUEUE, running.log.read_text()), "the log says so"
