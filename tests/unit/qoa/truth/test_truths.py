"""Each way in which a truth can be early, late, wrong or told again has an outcome that is defined and counted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, PredictionTruth
from hallmark.qoa.v1.quality_pb2 import Truth
from hallmark_common.errors import HallmarkError
from hallmark_qoa.stores.base import TruthOutcome, TruthTold
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.truth.truths import Truths
from tests.support.records import NOW_NS, prediction, put, stage
from tests.support.waiting import eventually

HORIZON_NS = 3600 * 10**9
WAIT_S = 60.0


class Clock:
    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns


class GatedStore(SqliteStore):
    """Takes note of transactions, holds them up and fails as it is told."""

    sizes: list[int]
    gate: asyncio.Event
    fails: bool

    def prepare(self) -> None:
        self.sizes, self.gate, self.fails = [], asyncio.Event(), False
        self.gate.set()

    async def add_truths(self, truths: Sequence[TruthTold]) -> list[TruthOutcome]:
        self.sizes.append(len(truths))
        await self.gate.wait()
        if self.fails:
            raise sqlite3.OperationalError("disk full")
        return await super().add_truths(truths)

    async def predictions_of(self, trace_id: str, limit: int) -> list[str]:
        if self.fails:
            raise sqlite3.OperationalError("disk full")
        return await super().predictions_of(trace_id, limit)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[GatedStore]:
    opened = await GatedStore.open(tmp_path / "store", clock, rules=WindowRules(horizon_ns=HORIZON_NS))
    assert isinstance(opened, GatedStore)
    opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture
async def truths(store: GatedStore, clock: Clock) -> Truths:
    return Truths(store, wait_s=WAIT_S, clock_ns=clock)


def told(number: int, value: str = "yes", observed_ns: int | None = NOW_NS) -> PredictionTruth:
    truth = Truth(value=value)
    if observed_ns is not None:
        truth.observed_at.FromNanoseconds(observed_ns)
    return PredictionTruth(prediction_id=prediction(number), truth=truth)


async def outcomes(truths: Truths, *tried: PredictionTruth) -> list[str]:
    return [one.outcome for one in (await truths.add(AddTruthsRequest(truths=tried))).outcomes]


async def truth_of(store: SqliteStore, number: int) -> tuple[str, int] | None:
    record = await store.get(prediction(number))
    assert record is not None
    return (record.truth.value, record.truth.observed_at.ToNanoseconds()) if record.HasField("truth") else None


async def test_truth_of_a_prediction_is_joined(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS))
    assert await outcomes(truths, told(1)) == ["joined"]
    assert await truth_of(store, 1) == ("yes", NOW_NS)


async def test_truth_before_its_prediction_waits_for_it(store: GatedStore, truths: Truths) -> None:
    assert await outcomes(truths, told(1)) == ["waiting"]
    await put(store, stage(1, NOW_NS))
    assert await truth_of(store, 1) == ("yes", NOW_NS)
    assert await outcomes(truths, told(1)) == ["repeated"]


async def test_truth_that_is_told_twice_is_repeated(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS))
    assert await outcomes(truths, told(1), told(1)) == ["joined", "repeated"]
    assert await outcomes(truths, told(1)) == ["repeated"]


async def test_of_contradicting_truths_the_later_holds_in_any_order(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS), stage(2, NOW_NS))
    early, late = ("no", NOW_NS + 1), ("a bit", NOW_NS + 2)
    assert await outcomes(truths, told(1, *early), told(1, *late)) == ["joined", "corrected"]
    assert await outcomes(truths, told(2, *late)) == ["joined"]
    assert await outcomes(truths, told(2, *early)) == ["superseded"]
    assert await truth_of(store, 1) == await truth_of(store, 2) == late


async def test_of_contradicting_truths_of_one_time_the_greater_text_holds(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS))
    assert await outcomes(truths, told(1, "b"), told(1, "a"), told(1, "c")) == ["joined", "superseded", "corrected"]
    assert await truth_of(store, 1) == ("c", NOW_NS)


async def test_truth_of_an_expired_prediction_is_not_kept(store: GatedStore, truths: Truths, clock: Clock) -> None:
    await put(store, stage(1, NOW_NS))
    clock.now_ns += HORIZON_NS + 1
    assert await outcomes(truths, told(1)) == ["expired"]
    assert await truth_of(store, 1) is None


async def test_truth_of_an_unknown_prediction_is_removed_and_counted(
    store: GatedStore, truths: Truths, clock: Clock
) -> None:
    assert await outcomes(truths, told(1), told(2)) == ["waiting", "waiting"]
    clock.now_ns += int(WAIT_S * 1e9)
    await put(store, stage(2, NOW_NS))
    await truths.remove_waiting()
    assert truths.counters.truths["removed", ""] == 0
    clock.now_ns += 1
    await truths.remove_waiting()
    assert truths.counters.truths["removed", ""] == 1
    await put(store, stage(1, NOW_NS))
    assert await truth_of(store, 1) is None
    assert await truth_of(store, 2) == ("yes", NOW_NS)


async def test_truth_without_a_time_was_observed_now(store: GatedStore, truths: Truths, clock: Clock) -> None:
    await put(store, stage(1, NOW_NS))
    clock.now_ns = NOW_NS + 7
    assert await outcomes(truths, told(1, observed_ns=None)) == ["joined"]
    assert await truth_of(store, 1) == ("yes", NOW_NS + 7)


async def test_trace_that_holds_one_prediction_names_it(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS), stage(2, NOW_NS, trace=7), stage(3, NOW_NS, trace=7))
    by_trace = [PredictionTruth(prediction_id=f"{trace:032x}", truth=Truth(value="yes")) for trace in (1, 7, 8)]
    answer = await truths.add(AddTruthsRequest(truths=by_trace))
    assert [one.outcome for one in answer.outcomes] == ["joined", "refused", "refused"]
    assert [one.reason.partition(":")[0] for one in answer.outcomes] == ["", "prediction_id", "prediction_id"]
    assert "holds several predictions" in answer.outcomes[1].reason
    assert "no record of trace" in answer.outcomes[2].reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (PredictionTruth(prediction_id="x", truth=Truth(value="1")), "prediction_id: expected '<32 hex"),
        (PredictionTruth(prediction_id="0" * 32, truth=Truth(value="1")), "prediction_id: expected '<32 hex"),
        (PredictionTruth(prediction_id="A" * 32, truth=Truth(value="1")), "prediction_id: expected '<32 hex"),
        (PredictionTruth(truth=Truth(value="1")), "prediction_id: expected '<32 hex"),
        (PredictionTruth(prediction_id=prediction(1)), "value: expected the true label"),
        (PredictionTruth(prediction_id=prediction(1), truth=Truth(value="a\0")), "value: expected text without"),
        (PredictionTruth(prediction_id=prediction(1), truth=Truth(value="é" * 32769)), "value: expected at most 65536"),
        (
            PredictionTruth(
                prediction_id=prediction(1), truth=Truth(value="1", observed_at=Timestamp(seconds=9223372037))
            ),
            "observed_at: expected a time between the years 1678 and 2262, got 9223372037 s, 0 ns",
        ),
        (
            PredictionTruth(prediction_id=prediction(1), truth=Truth(value="1", observed_at=Timestamp(nanos=-1))),
            "observed_at: expected a time",
        ),
    ],
)
async def test_malformed_truth_is_refused_by_itself(
    store: GatedStore, truths: Truths, bad: PredictionTruth, reason: str
) -> None:
    await put(store, stage(1, NOW_NS))
    answer = await truths.add(AddTruthsRequest(truths=[bad, told(1)]))
    assert [one.outcome for one in answer.outcomes] == ["refused", "joined"]
    assert answer.outcomes[0].reason.startswith(reason)
    assert "\n" not in answer.outcomes[0].reason


@pytest.mark.parametrize("value", ["é" * 32768, "[1,2]", "\n"])
async def test_any_text_within_the_bound_is_a_value(store: GatedStore, truths: Truths, value: str) -> None:
    await put(store, stage(1, NOW_NS))
    assert await outcomes(truths, told(1, value)) == ["joined"]
    assert await truth_of(store, 1) == (value, NOW_NS)


async def test_times_at_both_ends_of_63_bits_are_kept(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS))
    assert await outcomes(truths, told(1, "a", -(2**63)), told(1, "b", 2**63 - 1)) == ["joined", "corrected"]
    assert await truth_of(store, 1) == ("b", 2**63 - 1)


async def test_more_than_may_be_told_at_once(truths: Truths) -> None:
    with pytest.raises(HallmarkError, match="truths: expected at most 10000, got 10001") as caught:
        await truths.add(AddTruthsRequest(truths=[PredictionTruth()] * 10_001))
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT


async def test_nothing_told_is_nothing_done(store: GatedStore, truths: Truths) -> None:
    assert await outcomes(truths) == []
    assert store.sizes == []


async def test_every_outcome_is_counted_by_way(store: GatedStore, truths: Truths) -> None:
    await put(store, stage(1, NOW_NS))
    await outcomes(truths, told(1), told(1), told(2), PredictionTruth())
    await truths.tell([told(1, "z"), told(1, "a")], "amqp")
    assert truths.counters.truths == {
        ("joined", "grpc"): 1,
        ("repeated", "grpc"): 1,
        ("waiting", "grpc"): 1,
        ("refused", "grpc"): 1,
        ("corrected", "amqp"): 1,
        ("superseded", "amqp"): 1,
    }


async def test_what_is_told_meanwhile_goes_into_one_transaction(store: GatedStore, truths: Truths) -> None:
    await put(store, *(stage(number, NOW_NS) for number in range(1, 10)))
    store.gate.clear()
    first = asyncio.create_task(outcomes(truths, told(1)))
    await asyncio.sleep(0)
    rest = [
        asyncio.create_task(outcomes(truths, told(number if number % 2 else 100 + number), told(number)))
        for number in range(2, 10)
    ]
    await asyncio.sleep(0)
    rest[3].cancel()
    store.gate.set()
    assert await first == ["joined"]
    answers = await asyncio.gather(*rest, return_exceptions=True)
    del answers[3]
    assert answers == [
        ["joined", "repeated"] if number % 2 else ["waiting", "joined"] for number in (2, 3, 4, 6, 7, 8, 9)
    ]
    assert store.sizes == [1, 16]
    assert await truth_of(store, 5) == ("yes", NOW_NS)  # who gives up does not take it back


@pytest.mark.parametrize("name", [prediction(1), f"{1:032x}"])
async def test_where_the_store_fails_they_are_to_be_told_again(store: GatedStore, truths: Truths, name: str) -> None:
    await put(store, stage(1, NOW_NS))
    store.fails = True
    one = PredictionTruth(prediction_id=name, truth=Truth(value="yes"))
    with pytest.raises(HallmarkError) as caught:
        await outcomes(truths, one)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert truths.counters.truths == ({("failed", "grpc"): 1} if "-" in name else {})
    store.fails = False
    assert await outcomes(truths, one) == ["joined"]


async def test_what_waits_is_bounded(store: GatedStore, truths: Truths) -> None:
    store.gate.clear()
    many = AddTruthsRequest(truths=[told(number) for number in range(1, 10_001)])
    adding = [asyncio.create_task(truths.add(many))]
    await eventually(lambda: store.sizes == [10_000])
    adding += [asyncio.create_task(truths.add(many)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(HallmarkError, match="too many truths wait") as caught:
        await truths.add(many)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    store.gate.set()
    answers = await asyncio.gather(*adding)
    assert {one.outcome for answer in answers[1:] for one in answer.outcomes} == {"repeated"}
    assert store.sizes == [10_000] * 6


async def test_drain_waits_for_what_was_told(store: GatedStore, truths: Truths) -> None:
    store.gate.clear()
    adding = asyncio.create_task(outcomes(truths, told(1)))
    await asyncio.sleep(0)
    draining = asyncio.create_task(truths.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    store.gate.set()
    await draining
    assert await adding == ["waiting"]
