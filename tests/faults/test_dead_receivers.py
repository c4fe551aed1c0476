"""Invariant 1: with every receiver of telemetry dead, predictions go on, memory is bounded, loss is counted."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.samples import samples
from tests.support.stack import Stack

QUEUE = 500
PREDICTIONS = 1200
MEMORY_BOUND = 24 * 2**20
"""Growth that is noise: allocator, thread pools, caches. Spans kept without bound would take several times as much."""


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """A receiver that refuses, or one that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "hangs":
            listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def drive(stack: Stack, count: int) -> list[int]:
    """Status codes of so many predictions by eight callers."""
    inputs = [sample["input"] for sample in samples("flights")]
    with httpx.Client(base_url=stack.web_url, timeout=20) as client, ThreadPoolExecutor(8) as pool:

        def one(number: int) -> int:
            body = inputs[number % len(inputs)]
            return client.post("/v1/models/flights:predict", json=body).status_code

        return list(pool.map(one, range(count)))


def memory(stack: Stack) -> dict[str, int]:
    """Resident bytes of the serving processes."""
    return {service: stack.child(service).memory_info().rss for service in ("web", "preprocess", "inference")}


@pytest.mark.parametrize("endpoint", ["refuses", "hangs"], indirect=True)
def test_predictions_go_on_memory_is_flat_and_loss_is_counted(
    start_stack: Callable[..., Stack], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    stack = start_stack(span_queue_size=str(QUEUE))
    stack.wait_until_ready()
    assert set(drive(stack, PREDICTIONS)) == {200}
    before = memory(stack)
    assert set(drive(stack, 3 * PREDICTIONS)) == {200}
    growth = {name: rss - before[name] for name, rss in memory(stack).items()}
    assert all(grown < MEMORY_BOUND for grown in growth.values()), growth
    telemetry = httpx.get(f"{stack.web_url}/healthz").json()["telemetry"]
    dropped = sum(telemetry["dropped"].values())
    assert telemetry["made"] >= 4 * PREDICTIONS
    assert telemetry["sent"] == 0
    assert telemetry["waiting"] <= QUEUE
    assert telemetry["made"] == telemetry["sent"] + telemetry["waiting"] + dropped
    assert dropped >= telemetry["made"] - QUEUE
    assert stack.stop() == 0
