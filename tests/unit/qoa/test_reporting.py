"""Reports of windows: figures of one segment, the verdicts on all of them, and spreads over them."""

import pytest

from hallmark.qoa.v1.report_pb2 import WindowReport, WindowVerdict
from hallmark_qoa.batch.memory import Memory
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.reporting import Asked, windows_of
from hallmark_qoa.stores.base import Due, Fold, Windows

DUE = Due("judge", 10, "m", "c", 0, 1, 0)
WHOLE = "spread[reliability by origin].difference"


class Nothing:
    """Knows no model."""

    def context(self, _model: str) -> ModelContext:
        """Nothing."""
        return ModelContext()


def fold(segment: str, ok: int, failed: int) -> Fold:
    aggregate = Aggregate()
    aggregate.counts.update(records=ok + failed, complete=ok + failed, ended=ok + failed)
    aggregate.tables["status"] = {"OK": ok, "INTERNAL": failed}
    return Fold(10, 0, "c", "m", "default", "1", segment, aggregate.encode())


def verdict(segment: str, word: str) -> WindowVerdict:
    return WindowVerdict(
        contract="k", objective=segment or "all", consumer="c", model="m", variant="default", segment=segment,
        window_s=10, verdict=word, severity="info",
    )  # fmt: skip


@pytest.fixture
def memory() -> Memory:
    kept = Memory()
    folds = [fold("", 90, 10), fold("origin=JFK", 50, 0), fold("origin=LGA", 40, 10)]
    kept.put(DUE, folds, [verdict("", "pass"), verdict("origin=LGA", "violated")])
    return kept


async def report(memory: Memory, segment: str | None, *figures: str) -> list[WindowReport]:
    return await windows_of(memory, Nothing(), Asked(Windows(10, segment=segment), figures=figures))


async def test_report_of_all_has_the_verdicts_on_its_segments(memory: Memory) -> None:
    (found,) = await report(memory, "")
    assert [one.objective for one in found.verdicts] == ["all", "origin=LGA"]
    assert found.verdict == "violated"
    assert found.figures["reliability"].value == 0.9


async def test_report_of_a_segment_is_of_that_alone(memory: Memory) -> None:
    (found,) = await report(memory, "origin=JFK")
    assert (found.segment, found.count, found.verdict) == ("origin=JFK", 50, "")
    assert [one.segment for one in await report(memory, None)] == ["", "origin=JFK", "origin=LGA"]


async def test_spread_is_measured_over_segments_that_are_not_shown(memory: Memory) -> None:
    (found,) = await report(memory, "", WHOLE)
    assert found.segment == ""
    assert found.figures[WHOLE].value == pytest.approx(0.2)
