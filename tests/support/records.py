"""Spans of made-up predictions, and what a store is asked in most of its tests."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from hallmark_common import attributes
from hallmark_qoa.combine import combine
from hallmark_qoa.facts import SpanFacts, SpanGroup, Value
from hallmark_qoa.stores.base import Batch, Filter, Store

SERVER = 2
NOW_NS = 1_790_000_000 * 10**9
DAY_NS = 86_400 * 10**9


class OpenStore(Protocol):
    """Opens a store on the database of a test; it is closed afterwards."""

    def __call__(
        self, engine: str = "a", now_ns: Callable[[], int] = ..., *, base_s: int = ..., horizon_ns: int = ...
    ) -> Awaitable[Store]: ...


def prediction(number: int, trace: int = 0) -> str:
    """The id of a prediction; its trace has the same number unless another is given."""
    return f"{trace or number:032x}-{number:016x}"


def stage(number: int, start_ns: int = 0, *, trace: int = 0, name: str = "web", model: str = "m", status: str = "OK",
          consumer: str = "c", event_ns: int | None = None) -> SpanFacts:  # fmt: skip
    """The span of one stage of a prediction; it starts at its number unless told otherwise."""
    identity = prediction(number, trace)
    span_id = identity[33:] if name == "web" else f"{number + 2**32 * len(name):016x}"
    facts: tuple[tuple[str, Value], ...] = ((attributes.MODEL, model), (attributes.STATUS, status))
    if event_ns is not None:
        facts = (*facts, (attributes.EVENT_TIME, event_ns))
    start_ns = start_ns or number
    return SpanFacts(identity, span_id, "", name, "x", SERVER, start_ns, start_ns + 9, name, "", consumer, facts)


def group(*spans: SpanFacts) -> SpanGroup:
    """Spans of one prediction."""
    return SpanGroup(spans[0].prediction, spans)


async def put(store: Store, *spans: SpanFacts) -> list[str]:
    """Commit each span as a group of its own; the outcomes."""
    changes = await store.commit(Batch([group(span) for span in spans]), combine)
    return [change.outcome for change in changes]


async def walk(store: Store, which: Filter | None = None, size: int = 1000) -> list[str]:
    """The ids of all records that match, page by page."""
    found, after = [], None
    while True:
        page = await store.page(which or Filter(), size, after)
        assert len(page.records) <= size
        found += [record.prediction_id for record in page.records]
        if page.next is None:
            return found
        after = page.next
