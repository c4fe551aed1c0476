"""The way spans leave a process: bounded, counted, never waited for by a request.

The SDK's own batch processor loses a batch when its exporter gives up and tells nobody but the log. This one keeps a
batch until it is sent, as long as the bound allows, and accounts for every span: made = sent + dropped + waiting.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

logger = logging.getLogger(__name__)

BATCH_SIZE = 512
MAX_ATTEMPTS = 20
"""A batch that the receiver refuses so often is dropped, lest one bad span hold up all others."""


@dataclass(frozen=True, slots=True)
class SpanStats:
    """What became of the spans of a process since it started."""

    made: int
    sent: int
    waiting: int
    dropped: dict[str, int] = field(default_factory=dict)
    """By reason: ``queue_full``, ``unsent``, ``shutdown``."""


class BoundedSpanProcessor(SpanProcessor):
    """Sends ended spans in batches from a thread of its own.

    At most ``queue_size`` spans are held, the batch in flight included; above that the newest are dropped. A batch that
    cannot be sent stays and is tried again after ``retry_s``, doubled up to 32 times that.
    """

    def __init__(self, exporter: SpanExporter, *, queue_size: int, interval_s: float, retry_s: float = 0.5) -> None:
        self._exporter = exporter
        self._queue_size = queue_size
        self._interval_s = interval_s
        self._retry_s = retry_s
        self._waiting: deque[ReadableSpan] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._made = 0
        self._sent = 0
        self._dropped: dict[str, int] = {}
        self._attempts = 0
        self._thread = threading.Thread(target=self._run, name="hallmark-span-export", daemon=True)
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, or drop and count it where the queue is full; never blocks on I/O."""
        with self._lock:
            self._made += 1
            if self._stopping.is_set():
                self._drop("shutdown", 1)
            elif len(self._waiting) >= self._queue_size:
                self._drop("queue_full", 1)
            else:
                self._waiting.append(span)
                if len(self._waiting) == BATCH_SIZE:
                    self._wake.set()

    def stats(self) -> SpanStats:
        """What became of the spans until now."""
        with self._lock:
            return SpanStats(self._made, self._sent, len(self._waiting), dict(self._dropped))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until everything that was waiting has been sent; False if it was not in time."""
        until = time.monotonic() + timeout_millis / 1000
        while self._waiting and time.monotonic() < until and self._thread.is_alive():
            self._wake.set()
            time.sleep(0.005)
        return not self._waiting

    def shutdown(self, timeout_millis: int = 5_000) -> None:
        """Send what is waiting, for at most ``timeout_millis``; what is left is dropped and counted.

        A receiver that did not take the last batch gets a fifth of that time.
        """
        if self._stopping.is_set():
            return
        self.force_flush(timeout_millis // 5 if self._attempts else timeout_millis)
        self._stopping.set()
        self._wake.set()
        self._exporter.shutdown()
        self._thread.join(timeout_millis / 1000)
        with self._lock:
            self._drop("shutdown", len(self._waiting))
            self._waiting.clear()
        stats = self.stats()
        logger.info("spans: made %d, sent %d, dropped %s", stats.made, stats.sent, stats.dropped or 0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._interval_s)
            self._wake.clear()
            while self._waiting and not self._stopping.is_set():
                if not self._send_batch():
                    self._stopping.wait(self._retry_s * min(2 ** (self._attempts - 1), 32))

    def _send_batch(self) -> bool:
        with self._lock:
            batch = [self._waiting[i] for i in range(min(BATCH_SIZE, len(self._waiting)))]
        try:
            ok = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:
            logger.exception("the span exporter failed")
            ok = False
        with self._lock:
            if ok:
                self._sent += len(batch)
                self._forget(len(batch))
            elif self._attempts + 1 >= MAX_ATTEMPTS:
                self._drop("unsent", len(batch))
                self._forget(len(batch))
        self._tell(ok)
        return ok

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()

    def _drop(self, reason: str, count: int) -> None:
        if count:
            self._dropped[reason] = self._dropped.get(reason, 0) + count

    def _tell(self, ok: bool) -> None:
        if ok and self._attempts:
            logger.warning("telemetry flows again; dropped meanwhile: %s", self.stats().dropped or 0)
        elif not ok and self._attempts == 0:
            logger.warning("telemetry cannot be sent; up to %d spans wait, more are dropped", self._queue_size)
        self._attempts = 0 if ok or self._attempts + 1 >= MAX_ATTEMPTS else self._attempts + 1
