"""Merge: sets of spans of one prediction into one set, the same whatever their order and duplication. Pure.

Of two spans with the same id but other content the one that ended later is kept, then the one whose encoding is
greater: a maximum in a total order, so merging is associative, commutative and idempotent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from hallmark_qoa.facts import SpanFacts, encode_span

MAX_SPANS = 512
"""Spans kept of one prediction."""

Spans = dict[str, SpanFacts]
"""Spans of one prediction by span id."""


def merge_into(spans: Spans, new: Iterable[SpanFacts], counts: Counter[str]) -> None:
    """Add spans; counts ``duplicate`` for one that was known and ``conflict`` for one that took another's place."""
    for span in new:
        known = spans.get(span.span_id)
        if known is None:
            spans[span.span_id] = span
        elif known == span:
            counts["duplicate"] += 1
        else:
            counts["conflict"] += 1
            spans[span.span_id] = max(known, span, key=_rank)


def prune(spans: Spans, counts: Counter[str], limit: int = MAX_SPANS) -> None:
    """Keep the ``limit`` most telling spans: stages, then calls, then others, each in order of span id.

    A span that is left out once is left out of every larger set too, so this does not depend on the order of arrival.
    """
    if len(spans) <= limit:
        return
    surplus = sorted(spans.values(), key=_importance)[limit:]
    counts["over_cap"] += len(surplus)
    for span in surplus:
        del spans[span.span_id]


def merged(sets: Iterable[Iterable[SpanFacts]], counts: Counter[str]) -> Mapping[str, SpanFacts]:
    """The union of sets of spans, bounded to MAX_SPANS."""
    spans: Spans = {}
    for one in sets:
        merge_into(spans, one, counts)
    prune(spans, counts)
    return spans


def _rank(span: SpanFacts) -> tuple[int, bytes]:
    return span.end_ns, encode_span(span)


def _importance(span: SpanFacts) -> tuple[bool, bool, str]:
    return not span.stage, not span.calls, span.span_id
