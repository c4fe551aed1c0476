"""What the engine needs of a policy. Both implementations pass tests/contract/test_policy.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hallmark_qoa.judge.facts import Facts, Judgement


class PolicyError(Exception):
    """Why a policy cannot judge; the message is one line."""


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """Which policy judges."""

    place: str
    """The folder of the policy, or the address of OPA."""
    revision: str
    """SHA-256 of the files in use, as hexadecimal digits; empty where there are none, or OPA has them."""
    since_ns: int | None
    """When it took over, nanoseconds since 1970; None where none has."""
    error: str
    """What is wrong now: with newer files, which therefore are not used, or with OPA. Empty where nothing is."""


class Policy(Protocol):
    """Judges facts."""

    async def judge(self, facts: Sequence[Facts]) -> list[Judgement]:
        """One judgement each, in their order. Never raises: what cannot be judged is ``unknown``, with the reason."""

    def status(self) -> PolicyStatus:
        """Which policy judged last."""

    async def close(self) -> None:
        """Let go of what it holds."""
