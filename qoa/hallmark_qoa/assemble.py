"""Assemble: spans from batches into groups that are ready to become records. Pure; bounded in memory.

Spans of a prediction wait here until it is complete, or until none has come for the idle timeout. What has been handed
on is forgotten: spans that come later make a group of their own, and the store merges a group with the spans that it
holds already, in the transaction that writes. So the last state of a record depends on no order, and a new record
costs no look-up of its own. A bounded memory of recent ids only makes late spans fast: they need not wait for the idle
timeout, as they would if the id were not remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from hallmark_qoa.counters import Counters
from hallmark_qoa.facts import SpanFacts, SpanGroup
from hallmark_qoa.flow import entry_id, flow_of
from hallmark_qoa.merge import MAX_SPANS, Spans, merge_into, prune

MAX_RECENT = 50_000
"""Ids remembered of predictions that were handed on; about 10 MB."""


@dataclass(slots=True)
class _Pending:
    spans: Spans = field(default_factory=dict)
    touched_s: float = 0.0


class Assembler:
    """The predictions that wait for spans."""

    def __init__(
        self, *, idle_timeout_s: float, max_pending_spans: int, max_spans: int = MAX_SPANS, max_recent: int = MAX_RECENT
    ) -> None:
        self._idle_timeout_s = idle_timeout_s
        self._max_pending_spans = max_pending_spans
        self._max_spans = max_spans
        self._max_recent = max_recent
        self._pending: OrderedDict[str, _Pending] = OrderedDict()  # in the order of the last new span
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._restored: dict[str, None] = {}
        self.pending_spans = 0
        self.counters = Counters()

    def __contains__(self, prediction: str) -> bool:
        """Whether spans of this prediction wait."""
        return prediction in self._pending

    def add(self, spans: Iterable[SpanFacts], now_s: float) -> list[SpanGroup]:
        """Take spans; the groups that are ready because of them."""
        groups: dict[str, list[SpanFacts]] = {}
        for span in spans:
            groups.setdefault(span.prediction, []).append(span)
        ready: list[SpanGroup] = []
        for prediction, members in groups.items():
            self._put(prediction, members, now_s)
            while self.pending_spans > self._max_pending_spans:
                self.counters.records["evicted"] += 1
                ready.append(self._take(next(iter(self._pending))))
        ready += [self._take(prediction) for prediction in groups if self._is_ready(prediction)]
        return ready

    def tick(self, now_s: float) -> list[SpanGroup]:
        """The groups that no new span has reached for the idle timeout."""
        ready: list[SpanGroup] = []
        while self._pending:
            prediction, oldest = next(iter(self._pending.items()))
            if now_s - oldest.touched_s < self._idle_timeout_s:
                break
            ready.append(self._take(prediction))
        return ready

    def flush(self) -> list[SpanGroup]:
        """Every group, as it is."""
        return [self._take(prediction) for prediction in list(self._pending)]

    def restore(self, groups: Iterable[SpanGroup], now_s: float) -> None:
        """Take back groups that could not be stored."""
        for group in groups:
            self._put(group.prediction, group.spans, now_s)
            self._restored[group.prediction] = None

    def restored(self) -> list[SpanGroup]:
        """The groups that were taken back and still wait, with what has joined them, to be stored after all."""
        return [self._take(prediction) for prediction in list(self._restored)]

    def _put(self, prediction: str, spans: Iterable[SpanFacts], now_s: float) -> None:
        pending = self._pending.get(prediction)
        if pending is None:
            pending = self._pending[prediction] = _Pending()
        before = len(pending.spans)
        merge_into(pending.spans, spans, self.counters.spans)
        if len(pending.spans) > 2 * self._max_spans:  # not at the first one over it: pruning sorts
            prune(pending.spans, self.counters.spans, self._max_spans)
        if len(pending.spans) != before:
            pending.touched_s = now_s
            self._pending.move_to_end(prediction)
            self.pending_spans += len(pending.spans) - before

    def _is_ready(self, prediction: str) -> bool:
        pending = self._pending.get(prediction)
        if pending is None:
            return False
        if prediction in self._recent:
            return True
        return entry_id(prediction) in pending.spans and flow_of(prediction, pending.spans).complete

    def _take(self, prediction: str) -> SpanGroup:
        spans = self._pending.pop(prediction).spans
        self._restored.pop(prediction, None)
        self.pending_spans -= len(spans)
        prune(spans, self.counters.spans, self._max_spans)
        self._recent[prediction] = None
        self._recent.move_to_end(prediction)
        if len(self._recent) > self._max_recent:
            self._recent.popitem(last=False)
        return SpanGroup(prediction, tuple(spans.values()))
