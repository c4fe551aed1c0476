"""The way spans leave a process: bounded, counted, never waited for."""

import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from hallmark_common import export
from hallmark_common.export import BATCH_SIZE, BoundedSpanProcessor
from tests.support.waiting import SOON_S, until

UNLIMITED = 10**9
"""Attempts follow one another in milliseconds here, and a test may be held up for longer than twenty of them take."""


class Receiver(SpanExporter):
    """A receiver that can be down, hang or raise."""

    def __init__(self, down: bool = False) -> None:
        self.down = down
        self.raises = False
        self.hold: threading.Event | None = None
        self.received: list[str] = []
        self.tries = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.tries += 1
        if self.hold is not None:
            self.hold.wait(10)
        if self.raises:
            raise RuntimeError("no")
        if self.down:
            return SpanExportResult.FAILURE
        self.received += [span.name for span in spans]
        return SpanExportResult.SUCCESS


def make(receiver: Receiver, queue_size: int = 10_000) -> tuple[TracerProvider, BoundedSpanProcessor]:
    processor = BoundedSpanProcessor(receiver, queue_size=queue_size, interval_s=0.01, retry_s=0.001)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider, processor


def spans(provider: TracerProvider, count: int, start: int = 0) -> None:
    tracer = provider.get_tracer("t")
    for i in range(start, start + count):
        tracer.start_span(str(i)).end()


def test_everything_arrives_once_and_in_order() -> None:
    receiver = Receiver()
    provider, processor = make(receiver)
    spans(provider, 3 * BATCH_SIZE + 7)
    processor.shutdown()
    assert receiver.received == [str(i) for i in range(3 * BATCH_SIZE + 7)]
    stats = processor.stats()
    assert (stats.made, stats.sent, stats.waiting, stats.dropped) == (len(receiver.received),) * 2 + (0, {})


@pytest.mark.parametrize("fault", ["down", "raises"])
def test_what_waited_for_a_dead_receiver_arrives_when_it_is_back(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_ATTEMPTS", UNLIMITED)
    receiver = Receiver()
    setattr(receiver, fault, True)
    provider, processor = make(receiver)
    spans(provider, 100)
    until(lambda: receiver.tries >= 2)
    assert processor.stats().waiting == 100
    setattr(receiver, fault, False)
    until(lambda: processor.stats().sent == 100)
    assert receiver.received == [str(i) for i in range(100)]
    processor.shutdown()


def test_above_the_bound_spans_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_ATTEMPTS", UNLIMITED)
    receiver = Receiver(down=True)
    provider, processor = make(receiver, queue_size=50)
    spans(provider, 1000)
    stats = processor.stats()
    assert stats.made == 1000
    assert stats.waiting == 50
    assert stats.dropped == {"queue_full": 950}
    processor.shutdown(100)
    stats = processor.stats()
    assert stats.dropped == {"queue_full": 950, "shutdown": 50}
    assert stats.made == stats.sent + stats.waiting + sum(stats.dropped.values())


def test_ending_a_span_never_waits_for_a_receiver_that_hangs() -> None:
    receiver = Receiver()
    receiver.hold = threading.Event()
    provider, processor = make(receiver, queue_size=50)
    done = threading.Event()

    def work() -> None:
        spans(provider, 1000)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    assert done.wait(SOON_S)
    assert processor.stats().dropped["queue_full"] > 0
    receiver.hold.set()
    processor.shutdown()


def test_a_batch_that_is_refused_for_ever_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_ATTEMPTS", 3)
    receiver = Receiver(down=True)
    provider, processor = make(receiver)
    spans(provider, 10)
    until(lambda: processor.stats().dropped.get("unsent") == 10)
    receiver.down = False
    spans(provider, 5, start=10)
    until(lambda: processor.stats().sent == 5)
    assert receiver.received == ["10", "11", "12", "13", "14"]
    processor.shutdown()


def test_spans_after_shutdown_are_counted() -> None:
    provider, processor = make(Receiver())
    processor.shutdown()
    spans(provider, 3)
    assert processor.stats().dropped == {"shutdown": 3}
