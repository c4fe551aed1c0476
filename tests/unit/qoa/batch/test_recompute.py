"""Windows that are recomputed from exported records are those of the engine: the same folds, the same verdicts."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from random import Random

import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.contracts import scan_contracts
from hallmark_qoa.batch.recompute import Basis, Window, lead_ns, recompute, sizes_for
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.judge.promises import Promised
from hallmark_qoa.models import Models
from hallmark_qoa.stores.base import Filter, TruthTold, Windows
from tests.support.judged import LONG_AFTER_NS, SIZES_S, Judged, judged_alone, real_policy
from tests.support.predictions import T0_NS, S, objective, some, write_contract

SPREAD = {"of": "accuracy by kind", "aggregate": "difference"}
BUDGET = {"target": 0.5, "period": "5m", "burn_rate": 1.5, "over": "1m"}
OBJECTIVES = [
    objective("fast", "response_time", "<=", 0.06, aggregate="p50"),
    objective("there", "availability", ">=", 0.95, budget=BUDGET),
    objective("right", "accuracy", ">=", 0.6, coverage=0.3),
    objective("right-for-a", "accuracy", ">=", 0.6, coverage=0.3, segment={"kind": "a"}, window="1m"),
    objective("fair", "spread", "<=", 0.2, coverage=0.3, window="1m", **SPREAD),
    objective("valid", "validity", ">=", 0.8, window="1h"),
]
SECONDS = 600


@pytest.fixture
async def policy() -> AsyncIterator[Policy]:
    async with real_policy() as one:
        yield one


@pytest.fixture
async def judged(tmp_path: Path, policy: Policy) -> AsyncIterator[Judged]:
    """An engine that has judged a quarter of an hour of two consumers, with truth for most of it."""
    random = Random(5)
    write_contract(tmp_path / "contracts", OBJECTIVES, completeness=0.5)
    async with judged_alone(tmp_path, policy) as one:
        made = some(random, 240, seconds=SECONDS, models=["m"], consumers=["acme", "umbrella"])
        # A pause, longer than what tells what is usual.
        made = [each for each in made if not 100 * S <= each.start_ns - T0_NS < 350 * S]
        await one.take(*made)
        told = [each for each in made if random.random() < 0.7]
        await one.store.add_truths(
            [TruthTold(each.prediction, random.choice(("late", "on time")), each.start_ns + S) for each in told]
        )
        while await one.turn():
            pass
        yield one


async def exported(one: Judged) -> list[QualityRecord]:
    return [record async for records in one.store.export(Filter()) for record in records]


async def chunks(records: Sequence[QualityRecord], size: int = 7) -> AsyncIterator[Sequence[QualityRecord]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def basis(tmp_path: Path, policy: Policy, sizes: tuple[int, ...] = SIZES_S, now_ns: int = LONG_AFTER_NS) -> Basis:
    promised = Promised(scan_contracts(tmp_path / "contracts").contracts)
    return Basis(Models(tmp_path / "models", cpu_hour_price=1.0), promised, policy, sizes, now_ns)


async def windows(records: Sequence[QualityRecord], by: Basis) -> list[Window]:
    return [window async for window in recompute(chunks(records), by)]


def folds_of(found: Iterable[Window], size_s: int) -> list[object]:
    key = ("start_ns", "consumer", "model", "variant", "version", "segment")
    folds = [fold for window in found for fold in window.folds if fold.size_s == size_s]
    return sorted(folds, key=lambda fold: tuple(getattr(fold, name) for name in key))


def verdicts_of(found: Iterable[Window], size_s: int) -> list[bytes]:
    verdicts = [one for window in found for one in window.verdicts if one.window_s == size_s]
    return sorted(one.SerializeToString(deterministic=True) for one in verdicts)


async def engine_verdicts(one: Judged, size_s: int) -> list[bytes]:
    return sorted(verdict.SerializeToString(deterministic=True) for verdict in await one.verdicts(size_s))


async def test_the_same_folds_and_verdicts_as_the_engine(judged: Judged, tmp_path: Path, policy: Policy) -> None:
    found = await windows(await exported(judged), basis(tmp_path, policy))
    for size_s in SIZES_S:
        expected = await engine_verdicts(judged, size_s)
        assert folds_of(found, size_s) == await judged.store.folds(Windows(size_s))
        assert verdicts_of(found, size_s) == expected
    words = {one.verdict for window in found for one in window.verdicts}
    assert words == {"pass", "violated", "unknown"}
    evidence = [each for window in found for one in window.verdicts for each in one.evidence]
    assert any(each.stage == "preprocess" for each in evidence), "blame leads to spans of other stages, too"


@pytest.mark.parametrize("sizes", [(60,), (10, 3600), (60, 3600), (3600,)])
async def test_only_the_sizes_that_are_wanted_give_the_same(
    sizes: tuple[int, ...], judged: Judged, tmp_path: Path, policy: Policy
) -> None:
    found = await windows(await exported(judged), basis(tmp_path, policy, sizes))
    assert {window.due.size_s for window in found} == set(sizes)
    for size_s in sizes:
        assert folds_of(found, size_s) == await judged.store.folds(Windows(size_s))
        assert verdicts_of(found, size_s) == await engine_verdicts(judged, size_s)


async def test_a_part_with_its_lead_gives_the_same_from_there_on(
    judged: Judged, tmp_path: Path, policy: Policy
) -> None:
    by = basis(tmp_path, policy, (10,))
    from_ns = T0_NS + 400 * S
    before_ns = from_ns - lead_ns(by.promises, by.sizes)
    part = [record for record in await exported(judged) if record.event_time.ToNanoseconds() >= before_ns]
    found = [window for window in await windows(part, by) if window.due.start_ns >= from_ns]
    expected = [one for one in await judged.verdicts(10) if one.start.ToNanoseconds() >= from_ns]
    assert verdicts_of(found, 10) == sorted(one.SerializeToString(deterministic=True) for one in expected)
    assert len(expected) > 20


async def test_windows_come_in_order_and_hold_every_record_once(judged: Judged, tmp_path: Path, policy: Policy) -> None:
    records = await exported(judged)
    found = await windows(records, basis(tmp_path, policy))
    for size_s in SIZES_S:
        starts = [window.due.start_ns for window in found if window.due.size_s == size_s]
        assert starts == sorted(starts)
    assert sum(window.records for window in found) == len(records)


async def test_a_window_that_is_not_over_is_folded_and_not_judged(
    judged: Judged, tmp_path: Path, policy: Policy
) -> None:
    now_ns = T0_NS + 60 * S
    found = await windows(await exported(judged), basis(tmp_path, policy, now_ns=now_ns))
    assert all(window.folds for window in found)
    assert {bool(window.verdicts) for window in found if window.due.end_ns > now_ns} == {False}
    assert {bool(window.verdicts) for window in found if window.due.end_ns <= now_ns} == {True}


async def test_records_out_of_order_are_refused(judged: Judged, tmp_path: Path, policy: Policy) -> None:
    records = (await exported(judged))[::-1]
    with pytest.raises(ValueError, match="not in order"):
        await windows(records, basis(tmp_path, policy))


async def test_no_records_are_no_windows(tmp_path: Path, policy: Policy) -> None:
    write_contract(tmp_path / "contracts", OBJECTIVES)
    assert await windows([], basis(tmp_path, policy)) == []


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [({60}, (60,)), ({3600, 10}, (10, 3600)), ({86400}, (3600, 86400)), ({86400, 60}, (60, 86400)), (set(), (3600,))],
)
def test_sizes_are_few_and_what_is_folded_from_records_is_small(wanted: set[int], sizes: tuple[int, ...]) -> None:
    assert sizes_for(wanted) == sizes


def test_the_lead_covers_what_is_usual_and_the_longest_budget(tmp_path: Path) -> None:
    write_contract(tmp_path / "contracts", [objective("there", "availability", ">=", 0.9, budget=BUDGET)])
    promised = Promised(scan_contracts(tmp_path / "contracts").contracts)
    assert lead_ns(promised, (10,)) == 300 * S
    assert lead_ns(promised, (10, 60)) == 1200 * S
