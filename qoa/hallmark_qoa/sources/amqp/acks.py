"""Which deliveries of a channel may be acknowledged, in as few acknowledgements as can be. Pure."""

from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Ack:
    """One ``basic.ack``."""

    tag: int
    multiple: bool
    """Whether it means all outstanding deliveries up to the tag."""
    count: int = 1
    """How many deliveries that is."""


class AckWindow:
    """The deliveries of one channel that are not acknowledged; their tags only ever rise.

    Those before the first that is not done are acknowledged by one ``multiple``; those behind it one by one, as they
    must not wait: the spans that it waits for may be in messages that come only when these have made room in the
    prefetch.
    """

    def __init__(self) -> None:
        self._tags: dict[int, None] = {}
        self._done: set[int] = set()

    def received(self, tag: int) -> None:
        """Take note of a delivery."""
        self._tags[tag] = None

    def completed(self, tag: int) -> None:
        """The delivery may be acknowledged."""
        self._done.add(tag)

    def take(self) -> list[Ack]:
        """What is to be sent now, in this order; each delivery is in it once."""
        run = list(takewhile(self._done.__contains__, self._tags))
        last = run[-1] if run else 0
        acks = [Ack(last, multiple=len(run) > 1, count=len(run))] if run else []
        acks += [Ack(tag, multiple=False) for tag in sorted(self._done) if tag > last]
        for tag in self._done:
            del self._tags[tag]
        self._done.clear()
        return acks
