"""Retry: when to try again what could not be stored. Pure."""

MIN_PAUSE_S = 0.25
MAX_PAUSE_S = 5.0


class Retry:
    """A pause after a failure, twice as long after each further one."""

    def __init__(self) -> None:
        self._pause_s = MIN_PAUSE_S
        self._due_s = 0.0

    def is_due(self, now_s: float) -> bool:
        """Whether the pause is over."""
        return now_s >= self._due_s

    def failed(self, now_s: float) -> None:
        """Pause from now on, at most MAX_PAUSE_S."""
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)

    def succeeded(self) -> None:
        """The next pause is a short one."""
        self._pause_s = MIN_PAUSE_S
