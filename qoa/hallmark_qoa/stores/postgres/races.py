"""Work that is done again where another engine was first."""

from collections.abc import Callable
from typing import TypeVar

import psycopg

T = TypeVar("T")

ATTEMPTS = 20
"""How often work is begun at most while others write to the same rows."""

_RACES = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


def until_won(work: Callable[[], T]) -> T:
    """Do work that is one transaction, again from the start where another one was in the way."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except _RACES:
            continue
    return work()
