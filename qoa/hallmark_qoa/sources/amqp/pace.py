"""How long to wait before something is tried again. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits of the AMQP source, in seconds."""

    first_s: float = 0.25
    """After the first failure; doubled after each further one."""
    longest_s: float = 15.0
    refused_s: float = 30.0
    """After a refusal, which trying again does not cure: somebody must change something."""
    connect_s: float = 10.0
    """For an answer to an attempt to connect."""
    close_s: float = 3.0
    """For an answer to the wish to close."""
    stalled_s: float = 1.0
    """While stopping: when no message completes for so long, those that are left wait for what will not come."""

    def failures(self, before: int, lived_s: float) -> int:
        """Failures in a row, counted on by one: what lived long was none of them."""
        return 1 if lived_s > self.longest_s else before + 1

    def retry_s(self, failures: int, chance: float, *, refused: bool = False) -> float:
        """Wait after the ``failures``-th failure in a row; ``chance``, from [0, 1), spreads clients over half of it.

        "Equal jitter" of M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
        """
        longest_s = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return (self.refused_s if refused else longest_s) * (1 + chance) / 2
