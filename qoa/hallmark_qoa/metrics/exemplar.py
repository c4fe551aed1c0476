"""Exemplars: the predictions in which something shows most, kept so that a figure can be proven."""

from collections.abc import Iterable
from typing import NamedTuple

from hallmark_qoa.metrics import slots

MOST = 5
"""So many are kept of each slot."""


class Exemplar(NamedTuple):
    """A span in which something shows."""

    value: float
    """What was observed there, in the unit of the slot."""
    prediction_id: str
    instance: int
    """Which instance of the request, from 0."""
    span_id: str
    """Of the span of ``stage``; empty where that is not known."""
    stage: str
    started_ns: int
    """When the prediction started, nanoseconds since 1970."""
    detail: str
    """The same for people; empty where the value says it all."""


Exemplars = tuple[Exemplar, ...]


def worst_of(slot: str, candidates: Iterable[Exemplar]) -> Exemplars:
    """The MOST worst in order; of those with equal values the first by prediction id and instance."""
    return tuple(sorted(candidates, key=_ascending if slots.low(slot) else _descending)[:MOST])


def _descending(one: Exemplar) -> tuple[float, Exemplar]:
    return -one.value, one


def _ascending(one: Exemplar) -> tuple[float, Exemplar]:
    return one.value, one
