"""What a commit makes of groups and of what is stored of their predictions, in whatever database. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from hallmark_qoa.facts import SpanGroup, decode_spans
from hallmark_qoa.stores.base import Change, Combine

DAY_NS = 86_400 * 10**9


class Row(NamedTuple):
    """What is stored of one prediction."""

    record: bytes
    spans: bytes


def combine_all(groups: Sequence[SpanGroup], stored: Mapping[str, Row], combine: Combine) -> list[Change]:
    """One change a group, in their order; ``stored`` is by prediction id."""
    latest = dict(stored)
    changes = []
    for group in groups:
        before = latest.get(group.prediction)
        combined = combine(decode_spans(group.prediction, before.spans) if before is not None else (), group)
        after = Row(combined.record_bytes, combined.spans_bytes)
        latest[group.prediction] = after  # a batch may hold several groups of one prediction
        changes.append(Change(_outcome(before, after), combined))
    return changes


def stored_text(text: str) -> str:
    """A text for a column that is filtered on; PostgreSQL's cannot hold NUL, and all stores are to have the same."""
    return text.replace("\0", "\ufffd")


def is_ahead(started_ns: int, now_ns: int) -> bool:
    """Whether a start is so far in the future that only a wrong clock explains it.

    Such a record would never be old; its age counts from when it was first stored instead.
    """
    return started_ns > now_ns + DAY_NS


def _outcome(before: Row | None, after: Row) -> Literal["stored", "updated", "unchanged"]:
    if before is None:
        return "stored"
    return "unchanged" if before == after else "updated"
