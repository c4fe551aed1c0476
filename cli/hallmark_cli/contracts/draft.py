"""What could be read of a contract in another form, before it is made one of Hallmark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def one_line(text: str) -> str:
    """Text of others on one line, without what a terminal obeys or what ends a line in YAML."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


@dataclass(frozen=True, slots=True)
class Left:
    """Something that is not carried over: where it stands in the other form, and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return one_line(f"{self.where}: {self.why}")


@dataclass(frozen=True, slots=True)
class DraftObjective:
    """An objective as the keys of a contract, and where it stands in the other form."""

    where: str
    keys: Mapping[str, Any]
    note: str = ""
    """What is read into it, where the other form leaves something open."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was read; names of consumers, and stakeholders as the keys of a contract."""

    form: str
    """What the other form is called."""
    title: str = ""
    consumers: tuple[str, ...] = ()
    stakeholders: tuple[Mapping[str, str], ...] = ()
    objectives: tuple[DraftObjective, ...] = ()
    left: tuple[Left, ...] = field(default=())
