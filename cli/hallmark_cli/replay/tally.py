"""What a replay has seen so far: counts, latencies, how often the answer was the truth."""

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hallmark.preprocess.v1.preprocess_pb2 import Prediction

RECENT = 1000
"""Latencies that the progress bar looks at."""


@dataclass
class Tally:
    """Grows with every answer; latencies in milliseconds from when a request was due."""

    latencies_ms: list[float] = field(default_factory=list)
    recent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    failures: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    correct: int = 0
    errors: list[float] = field(default_factory=list)

    def answered(self, latency_ms: float, prediction: Prediction | None, truth: str | None) -> None:
        """A request was answered; ``prediction`` is None for a raw answer, ``truth`` where it is not known."""
        self.latencies_ms.append(latency_ms)
        self.recent_ms.append(latency_ms)
        if prediction is not None and truth is not None:
            self._judge(prediction, truth)

    def failed(self, code: str) -> None:
        """A request failed with a gRPC status name."""
        self.failures[code] += 1

    @property
    def sent(self) -> int:
        """Requests that have ended either way."""
        return len(self.latencies_ms) + self.failures.total()

    def _judge(self, prediction: Prediction, truth: str) -> None:
        kind = prediction.WhichOneof("kind")
        if kind == "number":
            self.errors.append(abs(prediction.number.value - float(truth)))
            return
        self.judged += 1
        if kind == "classes":
            self.correct += prediction.classes.label == truth
        else:
            # Whatever the other label is called: truth is the event, or it is not.
            self.correct += prediction.probability.label == truth

    def summary(self, elapsed_s: float) -> dict[str, Any]:
        """Everything, as JSON. ``accuracy`` and ``mean_absolute_error`` are null where there was nothing to judge."""
        return {
            "sent": self.sent,
            "ok": len(self.latencies_ms),
            "failed": dict(sorted(self.failures.items())),
            "duration_s": elapsed_s,
            "rate": self.sent / elapsed_s if elapsed_s > 0 else 0.0,
            "latency_ms": {f"p{share}": percentile(self.latencies_ms, share) for share in (50, 90, 99)},
            "accuracy": self.correct / self.judged if self.judged else None,
            "mean_absolute_error": math.fsum(self.errors) / len(self.errors) if self.errors else None,
        }


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that ``share`` percent do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(share * len(values) / 100), 1) - 1]
