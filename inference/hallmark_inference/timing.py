"""When the steps of one run happened."""

from dataclasses import dataclass

_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Timing:
    """Moments in ns since 1970, in this order, all from one monotonic clock."""

    queued_ns: int
    begun_ns: int
    fed_ns: int
    computed_ns: int
    ended_ns: int

    @property
    def queue_ms(self) -> float:
        """Time spent waiting for a free executor."""
        return (self.begun_ns - self.queued_ns) / _NS_PER_MS

    @property
    def batch_ms(self) -> float:
        """Time spent putting tensors together and taking them apart."""
        return (self.fed_ns - self.begun_ns + self.ended_ns - self.computed_ns) / _NS_PER_MS

    @property
    def compute_ms(self) -> float:
        """Time inside ONNX Runtime."""
        return (self.computed_ns - self.fed_ns) / _NS_PER_MS
