"""Flow: which stages a prediction went through, and which of them have not reported. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from hallmark_common import attributes
from hallmark_qoa.facts import CLIENT, SpanFacts

OK = "OK"
UNKNOWN = "UNKNOWN"
"""Status of a stage that does not say how it ended."""

_POSITION = {name: position for position, name in enumerate(attributes.STAGES)}


class Flow(NamedTuple):
    """The stages of one prediction."""

    entry: SpanFacts | None
    """The stage span where the request entered, if it is known."""
    entry_stage: str
    """Its stage; assumed to be the first one while it is unknown."""
    stages: tuple[SpanFacts, ...]
    """The known stages in the order of the flow, one span each."""
    missing: tuple[str, ...]
    """Stages that should have reported and have not, in the order of the flow."""

    @property
    def complete(self) -> bool:
        """Whether the entry is known and no stage is missing."""
        return self.entry is not None and not self.missing

    @property
    def outermost(self) -> SpanFacts | None:
        """The entry, else the first known stage."""
        return self.entry or next(iter(self.stages), None)


def entry_id(prediction: str) -> str:
    """The span id of a prediction's entry span."""
    return prediction[33:]


def status_of(stage: SpanFacts) -> str:
    """gRPC status name of a stage."""
    for name, value in stage.facts:
        if name == attributes.STATUS:
            return str(value)
    return UNKNOWN


def flow_of(prediction: str, spans: Mapping[str, SpanFacts]) -> Flow:
    """Find the stages among the spans of a prediction, keyed by span id.

    Expected are the entry, what a client span says it calls, everything between the entry and the deepest stage of
    which anything is known, and everything after the entry where that ended OK. A stage with several spans (a call
    tried again) is represented by the entry span if it is one of them, else by the one that ended OK last, else by
    the one that ended last.
    """
    found = spans.get(entry_id(prediction))
    entry = found if found is not None and found.stage else None
    known: dict[str, SpanFacts] = {}
    called: set[str] = set()
    for span in spans.values():
        if span.stage:
            other = known.get(span.stage)
            known[span.stage] = span if other is None else max(span, other, key=_preference)
        elif span.calls and span.kind == CLIENT:
            called.add(span.calls)
    if entry is not None:
        known[entry.stage] = entry
    entry_stage = entry.stage if entry is not None else attributes.STAGES[0]
    expected = _expected(entry_stage, entry is not None and status_of(entry) == OK, called, known)
    return Flow(
        entry,
        entry_stage,
        tuple([known[name] for name in attributes.STAGES if name in known]),
        tuple([name for name in attributes.STAGES if name in expected and name not in known]),
    )


def _expected(entry_stage: str, succeeded: bool, called: set[str], known: Mapping[str, SpanFacts]) -> set[str]:
    first = _POSITION[entry_stage]
    if succeeded:
        return {*attributes.STAGES[first:], *called}
    deepest = max((_POSITION[name] for name in (*called, *known)), default=first)
    return {entry_stage, *attributes.STAGES[first : deepest + 1], *called}


def _preference(stage: SpanFacts) -> tuple[bool, int, int, str]:
    return status_of(stage) == OK, stage.end_ns, stage.start_ns, stage.span_id
