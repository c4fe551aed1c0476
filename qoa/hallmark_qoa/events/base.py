"""What the teller needs of a sink."""

from typing import Literal, Protocol

from hallmark.qoa.v1.qoa_pb2 import VerdictChange

SinkName = Literal["amqp", "webhook"]


class UntoldError(Exception):
    """It could not be told and is to be tried again; the message is one line."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused
        """Whether trying again helps only when somebody has changed something."""


class GivenUpError(Exception):
    """It can never be told; the message is one line."""


class EventSink(Protocol):
    """Where changes of verdicts are told, in one try each."""

    name: SinkName
    place: str
    """Where that is, for people."""

    @property
    def max_behind(self) -> int | None:
        """Changes that wait for it at most: the oldest are given up then. None where none ever is."""

    async def tell(self, change: VerdictChange) -> None:
        """Return once who listens has it; UntoldError to be tried again, GivenUpError where that is in vain."""

    async def close(self) -> None:
        """Let go of what was opened."""
